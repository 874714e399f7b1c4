using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Protocol;

/// <summary>Input to the run's decisions: a report of an actor below it, an external request, or the clock.</summary>
public interface IRunInput;

public sealed record Tick : IRunInput;

/// <summary>Stops the run in order: the current step is completed and saved.</summary>
public sealed record StopRun(string Reason) : IRunInput;

/// <param name="Trainers">At least 1.</param>
public sealed record ScaleTrainers(int Trainers) : IRunInput;

/// <summary>An actor other than a trainer reached its restart limit.</summary>
/// <param name="Report">What failed, how often, and where to look.</param>
public sealed record ActorGivenUp(ActorId Actor, string Report) : IRunInput;

/// <summary>An actor other than a trainer failed and is restarted.</summary>
public sealed record ActorFailed(ActorId Actor, string Reason) : IRunInput;

public enum RunEnding
{
    Finished,

    Stopped,

    Failed,

    /// <summary>Another process leads it; nothing was saved.</summary>
    Superseded,
}

/// <summary>The end of a run, or of this process's part of it.</summary>
/// <param name="Step">Updates that are saved.</param>
/// <param name="Report">What failed, how often, and where to look; or who stopped it.</param>
public sealed record RunEnded(RunEnding Ending, long Step, string Report);

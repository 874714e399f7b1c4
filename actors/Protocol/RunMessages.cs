using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Protocol;

/// <summary>Whatever the run decides upon: a report of an actor below it, a request from outside, or the clock.</summary>
public interface IRunInput;

public sealed record Tick : IRunInput;

/// <summary>End the run in order: the step under way is finished and saved.</summary>
public sealed record StopRun(string Reason) : IRunInput;

/// <summary>Have this many trainers from now on.</summary>
/// <param name="Trainers">At least 1.</param>
public sealed record ScaleTrainers(int Trainers) : IRunInput;

/// <summary>An actor that is not a trainer failed too often.</summary>
/// <param name="Report">What failed, how often, and where to look.</param>
public sealed record ActorGivenUp(ActorId Actor, string Report) : IRunInput;

/// <summary>An actor that is not a trainer failed and is restarted.</summary>
public sealed record ActorFailed(ActorId Actor, string Reason) : IRunInput;

public enum RunEnding
{
    /// <summary>Its last step is taken and saved.</summary>
    Finished,

    /// <summary>It was stopped in order.</summary>
    Stopped,

    /// <summary>It cannot continue.</summary>
    Failed,
}

/// <summary>The end of a run, or of this process's part of it.</summary>
/// <param name="Step">Updates that are saved.</param>
/// <param name="Report">What failed, how often, and where to look; or on whose behalf it was stopped.</param>
public sealed record RunEnded(RunEnding Ending, long Step, string Report);

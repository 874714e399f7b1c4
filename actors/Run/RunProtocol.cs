using ActorTrain.Actors.Training;

namespace ActorTrain.Actors.Run;

/// <summary>Whatever the run decides upon: a report of an actor below it, a wish from outside, or the clock.</summary>
public interface IRunInput;

/// <summary>Time has passed.</summary>
public sealed record Tick : IRunInput;

/// <summary>End the run in order: the step under way is finished and saved.</summary>
/// <param name="Reason">On whose behalf.</param>
public sealed record StopRun(string Reason) : IRunInput;

/// <summary>Have this many trainers from now on.</summary>
/// <param name="Trainers">At least 1.</param>
public sealed record ScaleTrainers(int Trainers) : IRunInput;

/// <summary>What an operator may want of a run under way.</summary>
public abstract record OperatorCommand;

/// <summary>Go back to a step, and leave out the batches that follow it.</summary>
/// <param name="To">Updates to go back to.</param>
/// <param name="Skip">Batches to leave out from there on; 0: none.</param>
public sealed record RollBackRun(long To, long Skip) : OperatorCommand;

/// <summary>Leave the next batches out.</summary>
/// <param name="Count">How many, at least 1.</param>
public sealed record SkipBatches(long Count) : OperatorCommand;

/// <summary>Multiply the learning rate from the next step on.</summary>
/// <param name="Factor">Above 0.</param>
public sealed record ScaleLearningRate(double Factor) : OperatorCommand;

/// <summary>Make the run longer.</summary>
/// <param name="Steps">Updates in all, more than it has.</param>
public sealed record ExtendRun(long Steps) : OperatorCommand;

/// <summary>Let a trainer take no part until it is released; another takes its place.</summary>
/// <param name="Trainer">Its number.</param>
public sealed record QuarantineTrainer(int Trainer) : OperatorCommand;

/// <summary>Let a quarantined trainer take part again.</summary>
/// <param name="Trainer">Its number.</param>
public sealed record ReleaseTrainer(int Trainer) : OperatorCommand;

/// <summary>Begin no further step.</summary>
public sealed record PauseRun : OperatorCommand;

/// <summary>Take steps again after a pause.</summary>
public sealed record ContinueRun : OperatorCommand;

/// <summary>An operator wants something. Answered by an <see cref="OperatorAnswer"/> once it is recorded, or refused at once.</summary>
/// <param name="Wish">Tells it from others.</param>
/// <param name="By">Who.</param>
/// <param name="Command">What.</param>
public sealed record OperatorWish(long Wish, string By, OperatorCommand Command) : IRunInput;

/// <summary>What came of a wish.</summary>
/// <param name="IsAccepted">Whether it is done, or begun.</param>
/// <param name="Sentence">What happens now, or why it does not.</param>
public sealed record OperatorAnswer(bool IsAccepted, string Sentence);

/// <summary>An actor that is not a trainer failed too often.</summary>
/// <param name="Actor">Its name.</param>
/// <param name="Report">What failed, how often, and where to look.</param>
public sealed record ActorGivenUp(string Actor, string Report) : IRunInput;

/// <summary>An actor that is not a trainer failed and is restarted.</summary>
/// <param name="Actor">Its name.</param>
/// <param name="Reason">Why, in one sentence.</param>
public sealed record ActorFailed(string Actor, string Reason) : IRunInput;

/// <summary>How does the run stand? Answered by <see cref="RunStatus"/>.</summary>
public sealed record GetStatus;

/// <summary>How a trainer stands.</summary>
public enum TrainerStanding
{
    /// <summary>Its actor is being started, or waits for its backoff to end.</summary>
    Starting,

    /// <summary>It takes a state over.</summary>
    Joining,

    /// <summary>It computes lanes.</summary>
    Member,

    /// <summary>It failed more often than it may.</summary>
    GivenUp,
}

/// <summary>One trainer, for people who look.</summary>
/// <param name="Trainer">Which one, and in which life.</param>
/// <param name="Standing">How it stands.</param>
/// <param name="Lanes">Blocks of lanes that it still owes in this round.</param>
/// <param name="Faults">How often it was lost.</param>
/// <param name="LastFault">Why it was lost the last time.</param>
public sealed record TrainerStatus(TrainerKey Trainer, TrainerStanding Standing, string Lanes, int Faults, string? LastFault)
{
    /// <summary>Messages that wait for it, where that is known.</summary>
    public int? Mailbox { get; init; }
}

/// <summary>One actor that is no trainer, for people who look.</summary>
/// <param name="Name">Its name, such as <c>reducer-0</c>.</param>
/// <param name="State">How it stands, in a word or two.</param>
/// <param name="Mailbox">Messages that wait for it, where that is known.</param>
public sealed record ActorStatus(string Name, string State, int? Mailbox);

/// <summary>A run as it stands just now.</summary>
/// <param name="Step">Updates so far.</param>
/// <param name="Steps">Updates in all, extensions included.</param>
/// <param name="Generation">The membership.</param>
/// <param name="Phase">What the run waits for, in a word or two.</param>
/// <param name="Trainers">Its trainers.</param>
/// <param name="JournalWaiting">Decisions that are not yet durable.</param>
/// <param name="Faults">Other actors' faults: name, how often, and the last reason.</param>
public sealed record RunStatus(
    long Step, long Steps, long Generation, string Phase, IReadOnlyList<TrainerStatus> Trainers, int JournalWaiting, IReadOnlyList<(string Actor, int Count, string Reason)> Faults)
{
    /// <summary>Trainers that are wanted.</summary>
    public int WantedTrainers { get; init; }

    /// <summary>What was decided on its course; null before the journal is read.</summary>
    public CourseStatus? Course { get; init; }

    /// <summary>The actors that are no trainers, as the shell sees them.</summary>
    public IReadOnlyList<ActorStatus> Actors { get; init; } = [];
}

/// <summary>How a run ended.</summary>
public enum RunEnding
{
    /// <summary>Its last step is taken and saved.</summary>
    Finished,

    /// <summary>It was stopped in order.</summary>
    Stopped,

    /// <summary>It cannot go on.</summary>
    Failed,
}

/// <summary>The end of a run, or of this process's part of it.</summary>
/// <param name="Ending">How.</param>
/// <param name="Step">Updates that are saved.</param>
/// <param name="Report">What failed, how often, and where to look; or on whose behalf it was stopped.</param>
public sealed record RunEnded(RunEnding Ending, long Step, string Report);

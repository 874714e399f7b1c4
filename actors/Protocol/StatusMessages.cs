using System.Text.Json.Serialization;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Protocol;

/// <summary>Answered by <see cref="RunStatus"/>.</summary>
public sealed record GetStatus;

public enum TrainerStanding
{
    /// <summary>Being started, or waiting for its backoff to end.</summary>
    Starting,

    /// <summary>No node has had room for it for a while.</summary>
    Unplaced,

    Joining,

    Member,

    /// <summary>Reached its restart limit.</summary>
    GivenUp,
}

/// <summary>One trainer, for display.</summary>
/// <param name="Lanes">Blocks of lanes that it still owes in this round.</param>
/// <param name="LastFault">Why it was last lost.</param>
public sealed record TrainerStatus(TrainerKey Trainer, TrainerStanding Standing, string Lanes, int Faults, string? LastFault)
{
    /// <summary>Waiting messages; null if unknown.</summary>
    public int? Mailbox { get; init; }

    /// <summary>The node where it lives; null if that is the process that leads, or unknown.</summary>
    public string? Node { get; init; }

    /// <summary>Whether it gets fewer lanes than others because they take it longer.</summary>
    public bool IsSlow { get; init; }
}

/// <summary>One actor other than a trainer, for display.</summary>
/// <param name="Name">Such as <c>reducer-0</c>.</param>
/// <param name="State">A word or two.</param>
/// <param name="Mailbox">Waiting messages; null if unknown.</param>
public sealed record ActorStatus(string Name, string State, int? Mailbox);

/// <summary>What a run does, or waits for.</summary>
public enum RunPhase
{
    ReadingJournal,
    Training,

    /// <summary>The rollouts of the next step are sampled and scored.</summary>
    Generating,

    /// <summary>The rollouts of the next step wait for scores of a judge that is away.</summary>
    WaitingForJudge,
    Reducing,
    WaitingForTrainer,

    /// <summary>Paused by an operator.</summary>
    Paused,
    WaitingForDatabase,
    WaitingForMetrics,
    Finishing,
    Stopping,
    Failing,
    Ended,
}

/// <param name="Step">Updates so far.</param>
/// <param name="Steps">Updates in all, extensions included.</param>
/// <param name="JournalWaiting">Decisions that are not yet durable.</param>
/// <param name="Faults">Faults of other actors: name, count, and the last reason.</param>
public sealed record RunStatus(
    long Step, long Steps, long Generation, RunPhase Phase, IReadOnlyList<TrainerStatus> Trainers, int JournalWaiting,
    IReadOnlyList<(ActorId Actor, int Count, string Reason)> Faults)
{
    public int WantedTrainers { get; init; }

    /// <summary>Of the process that trains the run; 0: none.</summary>
    public long Term { get; init; }

    /// <summary>Null before the journal is read.</summary>
    [JsonPropertyName("course")]
    public OverridesStatus? Overrides { get; init; }

    public IReadOnlyList<ActorStatus> Actors { get; init; } = [];
}

public sealed record OverridesStatus
{
    public bool IsPaused { get; init; }

    public IReadOnlyList<int> Quarantined { get; init; } = [];

    /// <summary>Interventions that the current steps follow.</summary>
    public IReadOnlyList<Intervention> InForce { get; init; } = [];

    public IReadOnlyList<Intervention> Pending { get; init; } = [];

    /// <summary>Product of the learning-rate factors in force.</summary>
    public double RateFactor => InForce.Aggregate(1.0, static (factor, intervention) => factor * intervention.RateFactor);

    public int Spikes { get; init; }

    public int Vetoes { get; init; }

    public int Rollbacks { get; init; }

    public int Corruptions { get; init; }
}

using System.Text.Json.Serialization;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Protocol;

/// <summary>How does the run stand? Answered by <see cref="RunStatus"/>.</summary>
public sealed record GetStatus;

public enum TrainerStanding
{
    /// <summary>Its actor is being started, or waits for its backoff to end.</summary>
    Starting,

    /// <summary>It takes a state over.</summary>
    Joining,

    Member,

    /// <summary>It failed more often than it may.</summary>
    GivenUp,
}

/// <summary>One trainer, for people who look.</summary>
/// <param name="Lanes">Blocks of lanes that it still owes in this round.</param>
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
/// <param name="Phase">What the run waits for, in a word or two.</param>
/// <param name="JournalWaiting">Decisions that are not yet durable.</param>
/// <param name="Faults">Other actors' faults: name, how often, and the last reason.</param>
public sealed record RunStatus(
    long Step, long Steps, long Generation, string Phase, IReadOnlyList<TrainerStatus> Trainers, int JournalWaiting,
        IReadOnlyList<(ActorId Actor, int Count, string Reason)> Faults)
{
    public int WantedTrainers { get; init; }

    /// <summary>Interventions and decisions; null before the journal is read.</summary>
    [JsonPropertyName("course")]
    public OverridesStatus? Overrides { get; init; }

    /// <summary>The actors that are no trainers, as the shell sees them.</summary>
    public IReadOnlyList<ActorStatus> Actors { get; init; } = [];
}

/// <summary>Interventions and decisions, for people who look.</summary>
public sealed record OverridesStatus
{
    /// <summary>Whether an operator wants no further step.</summary>
    public bool IsPaused { get; init; }

    /// <summary>Trainers that take no part until they are released.</summary>
    public IReadOnlyList<int> Quarantined { get; init; } = [];

    /// <summary>Interventions that the steps now taken follow.</summary>
    public IReadOnlyList<Intervention> InForce { get; init; } = [];

    /// <summary>Interventions from whose step the run is still away.</summary>
    public IReadOnlyList<Intervention> Pending { get; init; } = [];

    /// <summary>What those in force do to the learning rate.</summary>
    public double RateFactor => InForce.Aggregate(1.0, static (factor, intervention) => factor * intervention.RateFactor);

    /// <summary>Spikes that were judged so far.</summary>
    public int Spikes { get; init; }

    /// <summary>Updates that were vetoed.</summary>
    public int Vetoes { get; init; }

    /// <summary>How often all trainers rolled back.</summary>
    public int Rollbacks { get; init; }

    /// <summary>How often bits were found corrupt.</summary>
    public int Corruptions { get; init; }
}

using System.Text.Json.Serialization;

namespace ActorTrain.Actors.Protocol;

public abstract record TrainerSupervisorCommand;

/// <summary>Starts a life of this trainer later than a given one, and keeps the trainer alive, with backoff, until it is retired. A later
/// life is only reported again; an earlier one is abandoned; during a backoff, nothing happens.</summary>
/// <param name="AfterIncarnation">The life that is over; 0 if there was none.</param>
public sealed record StartTrainer(int Number, int AfterIncarnation) : TrainerSupervisorCommand;

public sealed record RetireTrainer(int Number) : TrainerSupervisorCommand;

/// <summary>Retires all other trainers: if a command to do so was lost, they hold places that a trainer waits for.</summary>
public sealed record RetireOthers(IReadOnlyList<int> Kept) : TrainerSupervisorCommand;

/// <summary>Abandons a life of a trainer that does not answer; its memory is freed once its thread returns. Another life begins after the
/// backoff.</summary>
public sealed record AbandonTrainer(TrainerKey Trainer, string Reason) : TrainerSupervisorCommand;

/// <summary>Dropped if that incarnation is gone.</summary>
public sealed record TellTrainer(TrainerKey Trainer, TrainerCommand Command) : TrainerSupervisorCommand;

public abstract record TrainerSupervisorReport : IRunInput;

/// <summary>Sent by a new supervisor, which has no trainers.</summary>
public sealed record TrainerSupervisorStarted : TrainerSupervisorReport;

/// <summary>A new life, without a state.</summary>
public sealed record TrainerStarted(TrainerKey Trainer) : TrainerSupervisorReport
{
    /// <summary>The node that hosts it; null for this process.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Node { get; init; }
}

/// <summary>No node has had room for it for a while; it goes on waiting.</summary>
public sealed record TrainerUnplaced(int Number) : TrainerSupervisorReport;

public sealed record TrainerLost(TrainerKey Trainer, string Reason) : TrainerSupervisorReport
{
    /// <summary>The corruption that ended it; null if none.</summary>
    public FoundDamage? Damage { get; init; }

    /// <summary>Whether its node left in order: no fault.</summary>
    public bool HasLeft { get; init; }
}

public enum FoundDamage
{
    Own,

    /// <summary>Shared memory: all trainers find it.</summary>
    Shared,

    /// <summary>A rollout is not what the trainer, with the weights that sampled it, computes: one of both is wrong.</summary>
    Rollouts,
}

/// <summary>A trainer reached its restart limit.</summary>
/// <param name="Report">What failed, how often, and where to look.</param>
public sealed record TrainerGivenUp(int Number, string Report) : TrainerSupervisorReport;

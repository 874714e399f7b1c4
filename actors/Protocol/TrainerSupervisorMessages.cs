namespace ActorTrain.Actors.Protocol;

/// <summary>Commands of the trainer supervisor.</summary>
public abstract record TrainerSupervisorCommand;

/// <summary>Have a life of this trainer that is younger than a given one, and keep the trainer alive, with backoff, until it is retired. A
/// life that is younger is only reported again; one that is not is abandoned; where a backoff runs, nothing happens.</summary>
/// <param name="AfterIncarnation">The life that is over; 0 when there was none.</param>
public sealed record StartTrainer(int Number, int AfterIncarnation) : TrainerSupervisorCommand;

/// <summary>Stop a trainer for good.</summary>
public sealed record RetireTrainer(int Number) : TrainerSupervisorCommand;

/// <summary>Give up this life of a trainer, which does not answer; its memory is freed once its thread comes back. Another life begins
/// after the backoff.</summary>
public sealed record AbandonTrainer(TrainerKey Trainer, string Reason) : TrainerSupervisorCommand;

/// <summary>Forward a command to an incarnation of a trainer; dropped if that is gone.</summary>
public sealed record TellTrainer(TrainerKey Trainer, TrainerCommand Command) : TrainerSupervisorCommand;

/// <summary>What the supervisor of trainers says.</summary>
public abstract record TrainerSupervisorReport : IRunInput;

/// <summary>The supervisor of trainers lives, and has none yet.</summary>
public sealed record TrainerSupervisorStarted : TrainerSupervisorReport;

/// <summary>A trainer lives. It has no state yet.</summary>
public sealed record TrainerStarted(TrainerKey Trainer) : TrainerSupervisorReport;

/// <summary>A trainer is gone: it threw, stopped, or was abandoned.</summary>
public sealed record TrainerLost(TrainerKey Trainer, string Reason) : TrainerSupervisorReport
{
    /// <summary>The corrupt bits that it ended over; null where there were none.</summary>
    public FoundDamage? Damage { get; init; }
}

/// <summary>Whose memory corrupt bits were found in.</summary>
public enum FoundDamage
{
    /// <summary>That of the trainer who found them.</summary>
    Own,

    /// <summary>What all trainers read: they all find it.</summary>
    Shared,
}

/// <summary>A trainer failed more often than it may, and is not started again.</summary>
/// <param name="Report">What failed, how often, and where to look.</param>
public sealed record TrainerGivenUp(int Number, string Report) : TrainerSupervisorReport;

using ActorTrain.Actors.Checkpoints;
using ActorTrain.Actors.Spikes;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Plan;
using ActorTrain.Models.PostTraining.Rewards;

namespace ActorTrain.Actors.Run;

public sealed record RunLogicOptions
{
    /// <summary>SHA-256 of the options that determine the result.</summary>
    public required string ConfigurationHash { get; init; }

    /// <summary>How the process before this one ended, in one sentence; null if nothing more is known than that it did.</summary>
    public string? FormerEnd { get; init; }

    /// <summary>Learning rate by step, without extensions.</summary>
    public required LearningRateSchedule Schedule { get; init; }

    public long Steps => Schedule.Steps;

    /// <summary>Total updates to extend the run to before its first step, and on whose behalf; no effect if null or not above the present
    /// total.</summary>
    public (long Steps, string By)? Extension { get; init; }

    /// <summary>Lanes of the global batch, a power of two.</summary>
    public required int Lanes { get; init; }

    public int Trainers { get; init; } = 1;

    /// <summary>Gradient reducers, one per shard of the flat gradient.</summary>
    public int Reducers { get; init; } = 1;

    /// <summary>Whether each shard of the optimizer's state is held by two trainers instead of all.</summary>
    public bool DividesOptimizer { get; init; }

    /// <summary>Whether trainers outlive the process that leads, and retain their states for the next one.</summary>
    public bool TrainersRetainStates { get; init; }

    /// <summary>Which weights sample the rollouts that steps are trained on; null without rollouts.</summary>
    public RolloutSchedule? Rollouts { get; init; }

    /// <summary>What adapts the KL coefficient of rewards; null if it is fixed.</summary>
    public KlController? KlControl { get; init; }

    /// <summary>Steps between evaluations; 0: only at the end.</summary>
    public int EvaluateEvery { get; init; }

    public bool HasValidation { get; init; }

    /// <summary>Steps between checkpoints; 0: only at the end. Ignored if <see cref="SaveInterval"/> is set.</summary>
    public int CheckpointEvery { get; init; }

    /// <summary>How the checkpoint interval is chosen during the run; null: it is <see cref="CheckpointEvery"/>.</summary>
    public SaveIntervalOptions? SaveInterval { get; init; }

    /// <summary>Longest time between checkpoints; zero: unlimited.</summary>
    public TimeSpan CheckpointPeriod { get; init; }

    /// <summary>Delay before the first retry of a failed save; it doubles with each retry.</summary>
    public TimeSpan SaveRetry { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Checkpoints of steps divisible by it are kept for good, so a later one never replaces one in the queue; 0: there are
    /// none.</summary>
    public long KeepEvery { get; init; }

    /// <summary>Snapshots in memory, at least 2: the newest, and one that is being filled.</summary>
    public int SnapshotSlots { get; init; } = 3;

    /// <summary>Totals of past steps kept for trainers that are catching up; if there are more, the step waits.</summary>
    public int TotalsKept { get; init; } = 3;

    /// <summary>Decisions that may wait for the database; if there are more, the run pauses.</summary>
    public int JournalBuffer { get; init; } = 256;

    /// <summary>Measurements that may wait for their file; if there are more, the run pauses.</summary>
    public int MetricsBuffer { get; init; } = 256;

    /// <summary>Targets of the global batch.</summary>
    public long TokensPerStep { get; init; }

    /// <summary>Positions of tensors in the gradient, for norms per tensor, embedding and block; if null, rules that need them are
    /// inactive.</summary>
    public TensorNorms? Norms { get; init; }

    /// <summary>Whether a trainer previews each update before it is judged, so that rules see its norm; costs about as much as applying
    /// it.</summary>
    public bool PreviewsUpdates { get; init; }

    public SpikeLadderOptions Ladder { get; init; } = new();

    /// <summary>Consecutive vetoes of one step after which its weights, not its data, are considered broken.</summary>
    public int VetoLimit { get; init; } = 10;

    /// <summary>By default, no lane is computed twice.</summary>
    public AuditOptions Audit { get; init; } = new() { Every = 0 };

    /// <summary>Steps between snapshots in memory; 0: only as needed.</summary>
    public int SnapshotEvery { get; init; }

    /// <summary>Steps within which a fault becomes visible: a checkpoint that is older, with a healthy run since, is good.</summary>
    public int ProofSteps { get; init; } = 100;

    /// <summary>A trainer that completes no lane, evaluation batch, copy or update for this long is considered hung.</summary>
    public TimeSpan TrainerTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long an ended run waits for its journal and its metrics file.</summary>
    public TimeSpan EndPatience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>An unanswered command is repeated after this time, then at intervals that double.</summary>
    public TimeSpan RetryInterval { get; init; } = TimeSpan.FromSeconds(2);
}

using ActorTrain.Actors.Checkpoints;
using ActorTrain.Actors.Spikes;
using ActorTrain.Models.Optimization;

namespace ActorTrain.Actors.Run;

/// <summary>What the decisions of a run depend on.</summary>
public sealed record RunLogicOptions
{
    /// <summary>SHA-256 of what the result depends on.</summary>
    public required string ConfigurationHash { get; init; }

    /// <summary>How the process before this one ended, in one sentence, where more is known than that it did.</summary>
    public string? FormerEnd { get; init; }

    /// <summary>Learning rate by step, as the run was started.</summary>
    public required LearningRateSchedule Schedule { get; init; }

    /// <summary>Updates in all, as the run was started.</summary>
    public long Steps => Schedule.Steps;

    /// <summary>Updates in all to which the run is extended before it takes a step, and on whose behalf; null, or no more than it has: it
    /// is not.</summary>
    public (long Steps, string By)? Extension { get; init; }

    /// <summary>Lanes of the global batch, a power of two.</summary>
    public required int Lanes { get; init; }

    public int Trainers { get; init; } = 1;

    /// <summary>Gradient reducers, one per shard of the flat gradient.</summary>
    public int Reducers { get; init; } = 1;

    /// <summary>Steps from one evaluation to the next; 0: only at the end.</summary>
    public int EvaluateEvery { get; init; }

    /// <summary>Whether there is a validation split to evaluate on.</summary>
    public bool HasValidation { get; init; }

    /// <summary>Steps from one checkpoint to the next; 0: only at the end. Without effect where <see cref="SaveInterval"/> chooses
    /// them.</summary>
    public int CheckpointEvery { get; init; }

    /// <summary>How the steps from one checkpoint to the next are chosen while the run is running; null: they are
    /// <see cref="CheckpointEvery"/>.</summary>
    public SaveIntervalOptions? SaveInterval { get; init; }

    /// <summary>A checkpoint is written when the last is so old, wherever the run stands; zero: never for that.</summary>
    public TimeSpan CheckpointPeriod { get; init; }

    /// <summary>A save that failed is tried again after this time, and then ever more rarely.</summary>
    public TimeSpan SaveRetry { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Checkpoints of steps divisible by it are kept for good, so none of them is skipped for a later one that is not; 0: there
    /// are none.</summary>
    public long KeepEvery { get; init; }

    /// <summary>Snapshots that fit into memory, at least 2: the newest, and one that is being filled.</summary>
    public int SnapshotSlots { get; init; } = 3;

    /// <summary>Totals of past steps kept for trainers that are catching up; when there are more, the step waits for them.</summary>
    public int TotalsKept { get; init; } = 3;

    /// <summary>Decisions that may wait for the database; when there are more, the run pauses.</summary>
    public int JournalBuffer { get; init; } = 256;

    /// <summary>Measurements that may wait for their file; when there are more, the run pauses.</summary>
    public int MetricsBuffer { get; init; } = 256;

    /// <summary>Targets of the global batch.</summary>
    public long TokensPerStep { get; init; }

    /// <summary>Where tensors stand in the gradient, so that rules see their norms, and those of embedding and blocks; null: they do not,
    /// and rules that look at these rest.</summary>
    public TensorNorms? Norms { get; init; }

    /// <summary>Whether a trainer previews each step's update before it is judged, so that rules see its norm; that takes about as long as
    /// applying it.</summary>
    public bool PreviewsUpdates { get; init; }

    public SpikeLadderOptions Ladder { get; init; } = new();

    /// <summary>Vetoes of one step in a row after which its weights, not its data, are broken.</summary>
    public int VetoLimit { get; init; } = 10;

    /// <summary>How broken machines are found; without more, no lane is computed twice.</summary>
    public AuditOptions Audit { get; init; } = new() { Every = 0 };

    /// <summary>Steps from one snapshot in memory to the next; 0: only as they are needed.</summary>
    public int SnapshotEvery { get; init; }

    /// <summary>Steps within which a fault shows: a checkpoint that is older, and healthy ever since, is good.</summary>
    public int ProofSteps { get; init; } = 100;

    /// <summary>A trainer that lets so much time pass without a lane, a batch of an evaluation, a copy or an update being done is taken for
    /// hung.</summary>
    public TimeSpan TrainerTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>A run that has ended waits so long for its journal and its metrics file.</summary>
    public TimeSpan EndPatience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>An unanswered command is repeated after this time, and then at twice the interval each time.</summary>
    public TimeSpan RetryInterval { get; init; } = TimeSpan.FromSeconds(2);
}

using System.Data.Common;
using ActorTrain.Models;

namespace ActorTrain.Host.Configuration;

/// <summary>Which kernels may be chosen.</summary>
public enum NumericsMode
{
    /// <summary>The fastest that this machine has.</summary>
    Fast,

    /// <summary>Those that every x86-64-v3 machine shares, so that all of them compute the same bits.</summary>
    Portable,
}

/// <summary>What a run is called and where it is kept.</summary>
/// <param name="Name">Its folder's name.</param>
/// <param name="Output">The folder that holds the runs.</param>
public sealed record RunOptions(string Name, string Output)
{
    /// <summary>The run's own folder.</summary>
    public string Directory => Path.Combine(Output, Name);
}

/// <summary>What to train on.</summary>
/// <param name="Path">A folder that <c>actortrain prepare</c> wrote.</param>
public sealed record DataOptions(string Path);

/// <summary>How to train.</summary>
public sealed record TrainingOptions
{
    /// <summary>Number of optimizer steps; also the length of the learning-rate schedule.</summary>
    public required int Steps { get; init; }

    /// <summary>Sequences per step, over all lanes.</summary>
    public required int Batch { get; init; }

    /// <summary>Equal parts of the batch, a power of two.</summary>
    public required int Lanes { get; init; }

    /// <summary>Sequences per forward pass; divides the lane's share, <see cref="Batch"/> / <see cref="Lanes"/>.</summary>
    public required int MicroBatch { get; init; }

    /// <summary>Learning rate after the warm-up.</summary>
    public required double LearningRate { get; init; }

    /// <summary>The cosine ends at this part of <see cref="LearningRate"/>.</summary>
    public required double MinLearningRateRatio { get; init; }

    /// <summary>Steps of linear warm-up.</summary>
    public required int WarmupSteps { get; init; }

    /// <summary>AdamW's decay of the first moment.</summary>
    public required double Beta1 { get; init; }

    /// <summary>AdamW's decay of the second moment.</summary>
    public required double Beta2 { get; init; }

    /// <summary>AdamW's ε.</summary>
    public required double Epsilon { get; init; }

    /// <summary>Decoupled weight decay, on matrices only.</summary>
    public required double WeightDecay { get; init; }

    /// <summary>Largest global norm of the gradient; 0 does not clip.</summary>
    public required double Clip { get; init; }

    /// <summary>What the gradient of the input embedding is multiplied by; 1 leaves it.</summary>
    public required double EmbeddingGradientShrink { get; init; }

    /// <summary>Whether AdamW clips updates tensor by tensor: see <see cref="Models.Optimization.StableAdamW"/>.</summary>
    public required bool UpdateClipping { get; init; }

    /// <summary>Updates from one forgetting of AdamW's moments to the next; 0: never.</summary>
    public required int MomentumResetEvery { get; init; }

    /// <summary>Largest square of a gradient's element, in multiples of its second moment; 0: none.</summary>
    public required double SpikeAwareClipping { get; init; }

    /// <summary>Seed of initial weights and of the order of samples.</summary>
    public required long Seed { get; init; }

    /// <summary>Precision of matrix products.</summary>
    public required Precision Precision { get; init; }

    /// <summary>Which kernels may be chosen.</summary>
    public required NumericsMode Numerics { get; init; }

    /// <summary><c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</summary>
    public required string Device { get; init; }

    /// <summary>Threads per trainer; 0 shares the cores out among the trainers.</summary>
    public required int Threads { get; init; }
}

/// <summary>How many trainers there are, and how long one may be silent or fail.</summary>
public sealed record TrainersOptions
{
    /// <summary>Trainers to begin with.</summary>
    public required int Count { get; init; }

    /// <summary>A trainer that gives no sign of life for so long is taken for hung.</summary>
    public required TimeSpan Timeout { get; init; }

    /// <summary>After this time an unanswered message is repeated.</summary>
    public required TimeSpan RetryInterval { get; init; }

    /// <summary>Wait before the first restart; doubled each time.</summary>
    public required TimeSpan RestartBackoffMin { get; init; }

    /// <summary>Longest wait before a restart.</summary>
    public required TimeSpan RestartBackoffMax { get; init; }

    /// <summary>Restarts of one actor within <see cref="RestartWindow"/> after which it is given up.</summary>
    public required int MaxRestarts { get; init; }

    /// <summary>The time in which restarts are counted.</summary>
    public required TimeSpan RestartWindow { get; init; }
}

/// <summary>How broken machines are found, and what becomes of them.</summary>
/// <param name="Every">Steps from one lane that is computed twice to the next; 0: never.</param>
/// <param name="CorruptionLimit">How often a trainer may find corrupt bits with itself before it is quarantined.</param>
/// <param name="QuarantineLimit">Trainers that may be quarantined before the run ends.</param>
public sealed record AuditOptions(int Every, int CorruptionLimit, int QuarantineLimit);

/// <summary>How gradients are summed.</summary>
/// <param name="Count">Gradient reducers; 0: as many as trainers at the start.</param>
public sealed record ReducersOptions(int Count);

/// <summary>Where decisions are kept.</summary>
/// <param name="Connection">Connection string of a PostgreSQL database; empty: SQLite in the run's folder.</param>
/// <param name="Buffer">Decisions that may wait while the database is away.</param>
public sealed record JournalOptions(string Connection, int Buffer)
{
    /// <summary>Whether a text is empty or a connection string of PostgreSQL that holds no password: it is kept in the run's folder.</summary>
    internal static bool IsConnection(string text)
    {
        if (text.Length == 0)
            return true;
        try
        {
            var parts = new DbConnectionStringBuilder { ConnectionString = text };
            return (parts.ContainsKey("Host") || parts.ContainsKey("Server")) && !parts.ContainsKey("Password") && !parts.ContainsKey("PWD") && !text.Any(char.IsControl);
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}

/// <summary>When and how far to evaluate on the held-out part.</summary>
/// <param name="Every">Steps from one evaluation to the next; 0 evaluates only at the end.</param>
/// <param name="Batches">Batches per evaluation; 0 takes the whole held-out part.</param>
public sealed record EvaluationOptions(int Every, int Batches);

/// <summary>When checkpoints are written and which are kept.</summary>
public sealed record CheckpointOptions
{
    /// <summary>Stands for an interval that the run chooses.</summary>
    public const int Auto = -1;

    /// <summary>Steps from one checkpoint to the next; 0 saves only at the end; <see cref="Auto"/>: the run chooses them.</summary>
    public required int Every { get; init; }

    /// <summary>The fewest steps that the run chooses.</summary>
    public required int EveryMin { get; init; }

    /// <summary>The most steps that the run chooses.</summary>
    public required int EveryMax { get; init; }

    /// <summary>Minutes after which a checkpoint is written wherever the run stands; 0: never for that.</summary>
    public required double EveryMinutes { get; init; }

    /// <summary>How many of the newest are kept.</summary>
    public required int Keep { get; init; }

    /// <summary>Checkpoints of steps divisible by this are kept for good; 0 keeps none for that.</summary>
    public required int KeepEvery { get; init; }

    /// <summary>Healthy steps after which a checkpoint has proved good.</summary>
    public required int ProofSteps { get; init; }

    /// <summary>Steps from one copy of the state in memory to the next; 0: only as they are needed.</summary>
    public required int SnapshotEvery { get; init; }

    /// <summary>Copies of the state that memory has room for.</summary>
    public required int Snapshots { get; init; }
}

/// <summary>One place where two configurations differ.</summary>
/// <param name="Key">Dotted key.</param>
/// <param name="Old">Value in the first, as written in YAML.</param>
/// <param name="New">Value in the second.</param>
/// <param name="MayChangeBecause">Why a run may go on with the new value, or null where it may not.</param>
public sealed record ConfigurationDifference(string Key, string Old, string New, string? MayChangeBecause);

/// <summary>All that a run was asked to be: immutable, validated, every key with a value.</summary>
public sealed record RunConfiguration
{
    /// <summary>Name and place.</summary>
    public required RunOptions Run { get; init; }

    /// <summary>The model's shape. Its vocabulary is the tokenizer's, so it is not a key: set it by <see cref="ModelFor"/>.</summary>
    public required ModelOptions Model { get; init; }

    /// <summary>What to train on.</summary>
    public required DataOptions Data { get; init; }

    /// <summary>How to train.</summary>
    public required TrainingOptions Training { get; init; }

    /// <summary>How bad steps are told, and answered.</summary>
    public required SpikesConfiguration Spikes { get; init; }

    /// <summary>How broken machines are found.</summary>
    public required AuditOptions Audit { get; init; }

    /// <summary>Who trains, and how patiently.</summary>
    public required TrainersOptions Trainers { get; init; }

    /// <summary>Who sums.</summary>
    public required ReducersOptions Reducers { get; init; }

    /// <summary>When to evaluate.</summary>
    public required EvaluationOptions Evaluation { get; init; }

    /// <summary>When to save.</summary>
    public required CheckpointOptions Checkpoints { get; init; }

    /// <summary>Where decisions are kept.</summary>
    public required JournalOptions Journal { get; init; }

    /// <summary>Gradient reducers of the run.</summary>
    public int ReducerCount => Reducers.Count > 0 ? Reducers.Count : Trainers.Count;

    /// <summary>The model's shape with the tokenizer's vocabulary.</summary>
    /// <exception cref="UserErrorException">The shape makes no model.</exception>
    public ModelOptions ModelFor(int vocabularySize)
    {
        var model = Model with { VocabularySize = vocabularySize };
        return model.Validate().FirstOrDefault() is { } wrong ? throw new UserErrorException(wrong) : model;
    }

    /// <summary>SHA-256 over the keys that the result depends on, 64 lower-case hexadecimal digits.</summary>
    /// <remarks>Hashed are the lines <c>key=value</c>, joined by line feeds, of every setting of <see cref="Settings.All"/> that may not change
    /// when a run is resumed, in the order of that table, save for those that came later (<see cref="Setting.CameLater"/>) where they have their default. Not hashed are those that say where things lie, when they are looked at or who
    /// computes them, and the device, which the numeric fingerprint of each checkpoint records instead.</remarks>
    public string Hash => CanonicalYaml.HashOf(this);

    /// <summary>Where <paramref name="asked"/> differs from <paramref name="saved"/>, in the order of the table of settings.</summary>
    public static IReadOnlyList<ConfigurationDifference> Differences(RunConfiguration saved, RunConfiguration asked) =>
        [.. from key in Settings.Written
            let old = key.Write(saved)
            let now = key.Write(asked)
            where old != now
            select new ConfigurationDifference(key.Setting.Key, old, now, key.Setting.MayChangeBecause)];

    /// <summary>Refuses to go on with a run under a configuration that would give other bits.</summary>
    /// <param name="saved">The configuration the run was started with.</param>
    /// <param name="asked">The configuration asked for now.</param>
    /// <exception cref="UserErrorException">A key that must agree differs; the sentence names each with both values.</exception>
    public static void RequireSameResult(RunConfiguration saved, RunConfiguration asked)
    {
        ArgumentNullException.ThrowIfNull(saved);
        var refused = Differences(saved, asked).Where(static difference => difference.MayChangeBecause is null).ToList();
        if (refused.Count > 0)
        {
            var keys = string.Join(", ", refused.Select(static d => $"{d.Key} ({d.Old} in the run, {d.New} now)"));
            throw new UserErrorException(
                $"The run '{saved.Run.Name}' in {saved.Run.Directory} was started with another configuration: {keys}; put these back to resume it, or choose another run.name.");
        }
    }
}

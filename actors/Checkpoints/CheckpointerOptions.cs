using System.Globalization;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Models.Numerics;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Checkpoints;

/// <summary>What every checkpoint of a run says of it.</summary>
public sealed record CheckpointerOptions
{
    /// <summary>Under which name the manifest keeps the hash of weights and moments together.</summary>
    internal const string StateHashKey = "state";

    private const string DecisionsKey = "decisions";

    /// <summary>Where the parameters stand in the flat buffers.</summary>
    public required FlatLayout Layout { get; init; }

    /// <summary>SHA-256 of what the result depends on.</summary>
    public required string ConfigurationHash { get; init; }

    /// <summary>The model's shape.</summary>
    public required ModelOptions Model { get; init; }

    /// <summary>Samples per step, over all lanes.</summary>
    public required int Batch { get; init; }

    /// <summary>What the bits depend on.</summary>
    public required NumericFingerprint Fingerprint { get; init; }

    /// <summary>Anything small that is wanted back, such as the identity of the data.</summary>
    public IReadOnlyDictionary<string, string> State { get; init; } = new Dictionary<string, string>();

    /// <summary>What the checkpoint that a save makes says.</summary>
    public CheckpointFacts FactsOf(SaveCheckpoint save)
    {
        ArgumentNullException.ThrowIfNull(save);
        var samples = save.Step * Batch;
        return new CheckpointFacts
        {
            Step = save.Step,
            ConfigurationHash = ConfigurationHash,
            Model = Model,
            Cursor = new PlanCursor(samples, samples, samples * Model.ContextLength),
            SkipList = save.Overrides.Skips,
            Fingerprint = Fingerprint,
            State = new Dictionary<string, string>(State)
            {
                [OverridesCodec.Key] = OverridesCodec.Write(save.Overrides),
                [StateHashKey] = Write(save.Hash),
                [UnprovedWork.Key] = UnprovedWork.Write(save.Unproved),
                [DecisionsKey] = save.Decisions.ToString(CultureInfo.InvariantCulture),
            },
        };
    }

    /// <summary>Decisions that were durable when a checkpoint was saved: with fewer, its run's journal is not whole. 0 where an older
    /// program saved it.</summary>
    public static long DecisionsOf(CheckpointFacts facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        return long.TryParse(facts.State.GetValueOrDefault(DecisionsKey), NumberStyles.None, CultureInfo.InvariantCulture,
            out var decisions) ? decisions : 0;
    }

    internal static string Write(ulong hash) => hash.ToString("x16", CultureInfo.InvariantCulture);
}

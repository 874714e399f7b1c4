using System.Globalization;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Models.Numerics;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Recovery;
using ActorTrain.Persistence.Terms;

namespace ActorTrain.Actors.Checkpoints;

/// <summary>Facts that every checkpoint records about its run.</summary>
public sealed record CheckpointerOptions
{
    /// <summary>Key of the hash of weights and moments in the manifest.</summary>
    internal const string StateHashKey = "state";

    private const string DecisionsKey = "decisions";

    public required FlatLayout Layout { get; init; }

    /// <summary>SHA-256 of the options that determine the result.</summary>
    public required string ConfigurationHash { get; init; }

    public required ModelOptions Model { get; init; }

    /// <summary>Samples per step, over all lanes.</summary>
    public required int Batch { get; init; }

    public required NumericFingerprint Fingerprint { get; init; }

    /// <summary>Small additional data, such as the identity of the data set.</summary>
    public IReadOnlyDictionary<string, string> State { get; init; } = new Dictionary<string, string>();

    /// <summary>Under which they are written.</summary>
    public RunTerm Term { get; init; } = RunTerm.None;

    public CheckpointFacts FactsOf(SaveCheckpoint save)
    {
        ArgumentNullException.ThrowIfNull(save);
        var samples = save.Step * Batch;
        return new CheckpointFacts
        {
            Step = save.Step,
            ConfigurationHash = ConfigurationHash,
            Term = Term.Number > 0 ? Term.Number : null,
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

    /// <summary>Decisions that were durable at the save; a journal with fewer is incomplete. 0 for checkpoints of older versions.</summary>
    public static long DecisionsOf(CheckpointFacts facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        return long.TryParse(facts.State.GetValueOrDefault(DecisionsKey), NumberStyles.None, CultureInfo.InvariantCulture,
            out var decisions) ? decisions : 0;
    }

    internal static string Write(ulong hash) => hash.ToString("x16", CultureInfo.InvariantCulture);
}

using System.Collections.Immutable;
using ActorTrain.Models;
using ActorTrain.Persistence.Checkpoints;

namespace ActorTrain.Persistence.Recovery;

/// <summary>Where a run can begin without a snapshot in memory.</summary>
/// <param name="Step">Updates that the state has seen; 0 without a checkpoint.</param>
/// <param name="WeightsHash">SHA-256 of the checkpoint's weights; null for the initial weights, made from the seed.</param>
public sealed record RunOrigin(long Step, string? WeightsHash, RunOverrides Overrides)
{
    /// <summary>Trainers whose part in it is unverified; null if all of it is. See <see cref="UnprovedWork"/>.</summary>
    public IReadOnlyDictionary<int, long>? Unproved { get; init; }

    public static RunOrigin Seed { get; } = new(0, null, RunOverrides.None) { Unproved = ImmutableDictionary<int, long>.Empty };

    /// <exception cref="UserErrorException">Its overrides cannot be read.</exception>
    public static RunOrigin Of(CheckpointManifest manifest)
    {
        var facts = manifest.Facts;
        var overrides = facts.State.GetValueOrDefault(OverridesCodec.Key) is { } text
            ? OverridesCodec.Read($"The checkpoint at step {facts.Step}", text)
            : RunOverrides.None with { Skips = facts.SkipList };
        return new RunOrigin(facts.Step, manifest.WeightsHash, overrides)
        {
            Unproved = UnprovedWork.Read(facts.State.GetValueOrDefault(UnprovedWork.Key)),
        };
    }
}

using System.Collections.Immutable;
using ActorTrain.Models;
using ActorTrain.Persistence.Checkpoints;

namespace ActorTrain.Persistence.Recovery;

/// <summary>Where a run can begin without a snapshot in memory.</summary>
/// <param name="Step">Updates that the state has seen; 0 without a checkpoint.</param>
/// <param name="WeightsHash">SHA-256 of the checkpoint's weights; null for the first weights, made from the seed.</param>
public sealed record RunOrigin(long Step, string? WeightsHash, Course Course)
{
    /// <summary>Whose part in it is not proved; null: nothing of it is. See <see cref="UnprovedWork"/>.</summary>
    public IReadOnlyDictionary<int, long>? Unproved { get; init; }

    /// <summary>The first weights.</summary>
    public static RunOrigin Seed { get; } = new(0, null, Course.Start) { Unproved = ImmutableDictionary<int, long>.Empty };

    /// <summary>What a checkpoint's manifest says.</summary>
    /// <exception cref="UserErrorException">Its course is not to be read.</exception>
    public static RunOrigin Of(CheckpointManifest manifest)
    {
        var facts = manifest.Facts;
        var course = facts.State.GetValueOrDefault(CourseCodec.Key) is { } text
            ? CourseCodec.Read($"The checkpoint of step {facts.Step}", text)
            : Course.Start with { Skips = facts.SkipList };
        return new RunOrigin(facts.Step, manifest.WeightsHash, course) { Unproved = UnprovedWork.Read(facts.State.GetValueOrDefault(UnprovedWork.Key)) };
    }
}

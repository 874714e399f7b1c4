using System.Collections.Immutable;

namespace ActorTrain.Persistence.Recovery;

/// <summary>What the spike rules remember of the steps so far: a part of a run's overrides, kept in every snapshot and checkpoint, so that
/// a run judges the same after a rollback or a kill.</summary>
public sealed record SpikeMemory
{
    public static SpikeMemory Empty { get; } = new();

    /// <summary>Each rule's numbers, by its name; only the rule interprets them.</summary>
    public ImmutableSortedDictionary<string, ImmutableArray<double>> Rules { get; init; } =
        ImmutableSortedDictionary.Create<string, ImmutableArray<double>>(StringComparer.Ordinal);

    public bool Equals(SpikeMemory? other) =>
        other is not null && Rules.Count == other.Rules.Count
        && Rules.All(rule => other.Rules.TryGetValue(rule.Key, out var numbers) && rule.Value.AsSpan().SequenceEqual(numbers.AsSpan()));

    public override int GetHashCode() => Rules.Count;
}

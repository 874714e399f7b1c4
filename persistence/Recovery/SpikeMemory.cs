using System.Collections.Immutable;

namespace ActorTrain.Persistence.Recovery;

/// <summary>What the rules remember of the steps so far: a part of a run's overrides, kept in every snapshot and checkpoint, so that a run
/// that goes back, or is killed, judges as if nothing had happened.</summary>
public sealed record SpikeMemory
{
    public static SpikeMemory Empty { get; } = new();

    /// <summary>The numbers of each rule, by its name; what they mean is the rule's affair.</summary>
    public ImmutableSortedDictionary<string, ImmutableArray<double>> Rules { get; init; } =
        ImmutableSortedDictionary.Create<string, ImmutableArray<double>>(StringComparer.Ordinal);

    public bool Equals(SpikeMemory? other) =>
        other is not null && Rules.Count == other.Rules.Count
        && Rules.All(rule => other.Rules.TryGetValue(rule.Key, out var numbers) && rule.Value.AsSpan().SequenceEqual(numbers.AsSpan()));

    public override int GetHashCode() => Rules.Count;
}

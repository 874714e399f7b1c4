using ActorTrain.Models.Storage;

namespace ActorTrain.Actors.Reduction;

/// <summary>One reducer's range of the flat gradient.</summary>
/// <param name="Number">From 0.</param>
/// <param name="Offset">First element; a multiple of <see cref="FlatSums.Block"/>.</param>
/// <param name="Count">Elements; 0 if there are more reducers than blocks.</param>
public readonly record struct GradientShard(int Number, long Offset, long Count)
{
    public nint ByteOffset => (nint)(Offset * sizeof(float));

    /// <summary>Splits a flat gradient at borders of the norm's blocks, so that the norm does not depend on the number of shards.</summary>
    /// <param name="length">Elements of the flat gradient.</param>
    /// <param name="shards">At least 1.</param>
    public static IReadOnlyList<GradientShard> Split(long length, int shards)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(shards, 1);
        var blocks = (length + FlatSums.Block - 1) / FlatSums.Block;
        return [.. Enumerable.Range(0, shards).Select(i => new GradientShard(i, From(i), From(i + 1) - From(i)))];

        long From(int shard) => Math.Min(length, blocks * shard / shards * FlatSums.Block);
    }
}

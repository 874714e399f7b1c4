using ActorTrain.Models.Lanes;
using ActorTrain.Models.Storage;

namespace ActorTrain.Models;

/// <summary>Memory corruption found by checksum: a faulty machine, not bad input or a bug. The caller must discard its state.</summary>
public sealed class CorruptionException : Exception
{
    public CorruptionException(string sentence)
        : base(sentence)
    {
    }

    /// <param name="block">Which block of 2^20 elements, from 0.</param>
    public CorruptionException(FlatPlace place, int block, ulong expected, ulong found, LaneBlock? lanes = null)
        : base($"The {Name(place, lanes)} changed in memory in block {block} (starting at element {block * FlatSums.Block}): "
            + $"checksum {found:x16}, expected {expected:x16}.")
    {
        Place = place;
        Block = block;
        Lanes = lanes;
    }

    public FlatPlace? Place { get; }

    /// <summary>Which block of 2^20 elements, from 0.</summary>
    public int Block { get; }

    /// <summary>The lanes of the gradient; null if unknown.</summary>
    public LaneBlock? Lanes { get; }

    private static string Name(FlatPlace place, LaneBlock? lanes) => place switch
    {
        FlatPlace.Weights => "weights",
        FlatPlace.PackedWeights => "packed copy of some weights",
        FlatPlace.FirstMoment => "first moment",
        FlatPlace.SecondMoment => "second moment",
        FlatPlace.LaneGradient => "gradient of lanes " + lanes,
        FlatPlace.PublishedGradient => "published gradient of lanes " + lanes,
        FlatPlace.PartialSum => "reducer's sum of lanes " + lanes,
        FlatPlace.TotalGradient => "total gradient",
        FlatPlace.PublishedWeights => "published weights",
        _ => "snapshot",
    };
}

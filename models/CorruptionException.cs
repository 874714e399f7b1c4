using ActorTrain.Models.Lanes;
using ActorTrain.Models.Storage;

namespace ActorTrain.Models;

/// <summary>Bits in memory are not those that were put there: a broken machine, never bad input or a defect. The finder has to
/// discard what it holds.</summary>
public sealed class CorruptionException : Exception
{
    public CorruptionException(string sentence)
        : base(sentence)
    {
    }

    /// <param name="block">Which block of 2^20 elements of it, from 0.</param>
    public CorruptionException(FlatPlace place, int block, ulong expected, ulong found, LaneBlock? lanes = null)
        : base($"The {Name(place, lanes)} changed in memory in block {block} (starting at element {block * FlatSums.Block}): "
            + $"checksum {found:x16}, expected {expected:x16}.")
    {
        Place = place;
        Block = block;
        Lanes = lanes;
    }

    /// <summary>Which vector; null if only described in the message.</summary>
    public FlatPlace? Place { get; }

    /// <summary>Which block of 2^20 elements of it, from 0.</summary>
    public int Block { get; }

    /// <summary>The lanes that a gradient belongs to, where that is known.</summary>
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
        _ => "snapshot",
    };
}

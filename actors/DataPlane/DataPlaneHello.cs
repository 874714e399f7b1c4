using ActorTrain.Models.Storage;

namespace ActorTrain.Actors.DataPlane;

/// <summary>Who a node is, as it says at the beginning of a connection.</summary>
public sealed record DataPlaneHello
{
    /// <summary>At most <see cref="LongestName"/> bytes of UTF-8.</summary>
    public const int LongestName = 256;

    /// <summary>Name of the node. Of two connections of one name, the one of the higher incarnation stays.</summary>
    public required string Node { get; init; }

    /// <summary>Grows with every process that has the name.</summary>
    public required long Incarnation { get; init; }

    /// <summary>Elements of a flat vector.</summary>
    public required long Length { get; init; }

    /// <summary>Hash of the layout: see <see cref="FlatLayout.Hash"/>.</summary>
    public required ulong Layout { get; init; }

    /// <summary>Vectors that the node's trainers use at most, those that are published included.</summary>
    public required int Capacity { get; init; }

    /// <summary>The highest term that the node has seen: it follows no control process of a lower one.</summary>
    public long Term { get; init; }
}

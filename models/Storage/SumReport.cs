namespace ActorTrain.Models.Storage;

/// <summary>Receives statistics of a sum, or of one vector, while it is computed; empty spans are not filled. A block has 2^20 elements,
/// the last one may be shorter.</summary>
public ref struct SumReport
{
    /// <summary>Per block, the sum of squares of the result, in double.</summary>
    public Span<double> Squares { get; init; }

    /// <summary>Per block, the checksum of the left operand as read.</summary>
    public Span<ulong> Left { get; init; }

    /// <summary>Per block, the checksum of the right operand as read.</summary>
    public Span<ulong> Right { get; init; }

    /// <summary>Per block, the checksum of the sum as written.</summary>
    public Span<ulong> Sum { get; init; }

    /// <summary>Ends of the cells into which the vector is also split, in order, up to its own end; in elements from its first.</summary>
    public ReadOnlySpan<long> CellEnds { get; init; }

    /// <summary>Per cell, its sum of squares, in double.</summary>
    public Span<double> CellSquares { get; init; }

    /// <summary>Whether to use all threads of the caller. The bits are the same.</summary>
    public bool Parallel { get; init; }
}

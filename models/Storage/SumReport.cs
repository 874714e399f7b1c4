namespace ActorTrain.Models.Storage;

/// <summary>What is to be known of a sum, or of one vector, taken along while it is computed; what is empty is not wanted. A block has 2^20
/// elements, the last one what is left.</summary>
public ref struct SumReport
{
    /// <summary>One element per block: receives the sums of squares of the result, in double.</summary>
    public Span<double> Squares { get; init; }

    /// <summary>One element per block: receives the checksums of the left operand as it was read.</summary>
    public Span<ulong> Left { get; init; }

    /// <summary>The same of the right operand.</summary>
    public Span<ulong> Right { get; init; }

    /// <summary>The same of the sum as it was written.</summary>
    public Span<ulong> Sum { get; init; }

    /// <summary>Ends of the cells into which the vector is also cut, in order, the last one its own end; in elements from its
    /// first.</summary>
    public ReadOnlySpan<long> CellEnds { get; init; }

    /// <summary>One element per cell: receives its sum of squares, in double.</summary>
    public Span<double> CellSquares { get; init; }

    /// <summary>Whether to use all threads of the caller; else the calling thread alone. The bits are the same.</summary>
    public bool Parallel { get; init; }
}

using System.Runtime.Intrinsics;
using ActorTrain.Models.Kernels;
using ActorTrain.Models.Runtime;

namespace ActorTrain.Models.Storage;

/// <summary>Sums over ranges of flat float32 vectors, by default on the calling thread; callers parallelize by ranges.</summary>
/// <remarks>Addresses are those of the first element of a range; its memory must be kept alive.</remarks>
public static unsafe class FlatSums
{
    /// <summary>Elements per partial sum. Blocks are added in order, so a sum does not depend on how a vector is distributed over
    /// devices.</summary>
    public const long Block = 1 << 20;

    // Elements that are added and squared while in the cache, as in the kernels.
    private const int Part = 1 << 16;

    /// <summary>Number of blocks of <see cref="Block"/> elements in a range; the last one may be shorter.</summary>
    public static int BlocksOf(long count) => (int)((count + Block - 1) / Block);

    /// <summary>to = left + right: the addition of the lane tree.</summary>
    /// <param name="to">May be either operand.</param>
    public static void Add(long count, nint left, nint right, nint to, SumReport report = default)
    {
        CheckSizes(count, report);
        if (FusedKernels.IsAvailable)
        {
            Native(count, left, right, to, report);
            return;
        }

        FlatChecksum.Reference(count, left, report.Left);
        FlatChecksum.Reference(count, right, report.Right);
        ReferenceAdd(count, left, right, to);
        FlatChecksum.Reference(count, to, report.Sum);
        ReferenceSquares(count, to, report.Squares);
        ReferenceCells(to, report);
    }

    /// <summary>Reports on one vector; <see cref="SumReport.Left"/> receives its checksums.</summary>
    public static void Measure(long count, nint vector, SumReport report)
    {
        CheckSizes(count, report);
        if (FusedKernels.IsAvailable)
        {
            Native(count, vector, 0, 0, report);
            return;
        }

        FlatChecksum.Reference(count, vector, report.Left);
        ReferenceSquares(count, vector, report.Squares);
        ReferenceCells(vector, report);
    }

    /// <summary>Sums of squares, in double, of each block of a range; added in order over a whole vector they give its squared norm,
    /// whatever ranges it was split into at multiples of a block.</summary>
    public static void Squares(long count, nint vector, Span<double> squares) =>
        Measure(count, vector, new SumReport { Squares = squares });

    /// <summary>Checksums of whole vectors, using all threads of the caller: each of many short ones would be too short to
    /// parallelize.</summary>
    public static FlatChecksum[] Checksums(ReadOnlySpan<nint> addresses, ReadOnlySpan<long> counts)
    {
        if (addresses.Length != counts.Length)
            throw new ArgumentException($"{counts.Length} lengths do not match {addresses.Length} vectors.", nameof(counts));
        var blocks = 0;
        foreach (var count in counts)
            blocks += BlocksOf(count);
        var found = new ulong[blocks];
        if (FusedKernels.IsAvailable)
        {
            fixed (nint* x = addresses)
            fixed (long* lengths = counts)
            fixed (ulong* into = found)
                FusedKernels.Check(NativeKernels.ak_checksums(addresses.Length, x, lengths, into));
        }

        var checksums = new FlatChecksum[addresses.Length];
        for (int i = 0, first = 0; i < checksums.Length; first += BlocksOf(counts[i++]))
        {
            var own = found.AsSpan(first, BlocksOf(counts[i]));
            if (!FusedKernels.IsAvailable)
                FlatChecksum.Reference(counts[i], addresses[i], own);
            checksums[i] = new FlatChecksum(own);
        }

        return checksums;
    }

    public static long CountNonFinite(long count, nint vector)
    {
        long nonFinite = 0;
        for (long i = 0; i < count; i++)
        {
            if (!float.IsFinite(((float*)vector)[i]))
                nonFinite++;
        }

        return nonFinite;
    }

    /// <summary>The reference form of <see cref="Add"/>: the same bits, since each element is one addition.</summary>
    public static void ReferenceAdd(long count, nint left, nint right, nint to)
    {
        float* a = (float*)left, b = (float*)right, sum = (float*)to;
        long i = 0;
        for (; i + Vector256<float>.Count <= count; i += Vector256<float>.Count)
            (Vector256.Load(a + i) + Vector256.Load(b + i)).Store(sum + i);
        for (; i < count; i++)
            sum[i] = a[i] + b[i];
    }

    /// <summary>The reference form of <see cref="Squares"/>. Its order of additions differs, so its last bits are not those of the
    /// kernels.</summary>
    public static void ReferenceSquares(long count, nint vector, Span<double> squares)
    {
        for (var block = 0; block < squares.Length; block++)
        {
            var first = block * Block;
            squares[block] = ReferenceSquare(Math.Min(Block, count - first), (float*)vector + first);
        }
    }

    private static double ReferenceSquare(long count, float* x)
    {
        double sum = 0;
        for (long first = 0; first < count; first += Part)
        {
            var last = Math.Min(first + Part, count);
            var (low, high) = (Vector256<double>.Zero, Vector256<double>.Zero);
            var i = first;
            for (; i + Vector256<float>.Count <= last; i += Vector256<float>.Count)
            {
                var (left, right) = Vector256.Widen(Vector256.Load(x + i));
                low += left * left;
                high += right * right;
            }

            double rest = 0;
            for (; i < last; i++)
                rest += (double)x[i] * x[i];
            sum += Vector256.Sum(low + high) + rest;
        }

        return sum;
    }

    private static void ReferenceCells(nint vector, SumReport report)
    {
        long first = 0;
        for (var cell = 0; cell < report.CellSquares.Length; first = report.CellEnds[cell++])
            report.CellSquares[cell] = ReferenceSquare(report.CellEnds[cell] - first, (float*)vector + first);
    }

    private static void Native(long count, nint left, nint right, nint to, SumReport report)
    {
        fixed (double* squares = report.Squares, cellSquares = report.CellSquares)
        fixed (ulong* ofLeft = report.Left, ofRight = report.Right, ofSum = report.Sum)
        fixed (long* cellEnds = report.CellEnds)
        {
            var wanted = new NativeKernels.SumReport(squares, ofLeft, ofRight, ofSum, report.CellSquares.Length, cellEnds, cellSquares,
                report.Parallel ? 1 : 0);
            FusedKernels.Check(NativeKernels.ak_sum(count, left, right, to, wanted));
        }
    }

    private static void CheckSizes(long count, SumReport report)
    {
        var blocks = BlocksOf(count);
        Check(report.Squares.Length);
        Check(report.Left.Length);
        Check(report.Right.Length);
        Check(report.Sum.Length);
        if (report.CellEnds.Length != report.CellSquares.Length)
            throw new ArgumentException($"{report.CellSquares.Length} sums do not match {report.CellEnds.Length} cells.", nameof(report));

        void Check(int length)
        {
            if (length != 0 && length != blocks)
                throw new ArgumentException($"{count} elements have {blocks} blocks, not {length}.", nameof(report));
        }
    }
}

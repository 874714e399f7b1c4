using System.Runtime.Intrinsics;
using ActorTrain.Models.Kernels;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Numerics;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Models.Storage;

/// <summary>Checksum of a flat float32 vector, one per block of <see cref="FlatSums.Block"/> elements: computed at the write and verified
/// at the read.</summary>
/// <remarks>The 32-bit words of a block are added modulo 2^32 in eight lanes, word i in lane i mod 8. A single flipped bit changes one lane
/// by a power of two, which no sum hides; and integers may be added in any order, so the value depends neither on threads nor on the
/// instruction set, and kernels that stream the vector compute it at almost no cost. It is not a hash: swapped words go undetected (see
/// <see cref="StateHash"/>).</remarks>
public sealed class FlatChecksum
{
    private const int Lanes = 8;

    // Elements whose words a device computes at once: a single block would be mostly launch overhead.
    private const long AtOnce = 4 * FlatSums.Block;
    private readonly ulong[] blocks;

    public FlatChecksum(ReadOnlySpan<ulong> blocks) => this.blocks = blocks.ToArray();

    /// <summary>One per block, in order.</summary>
    public ReadOnlySpan<ulong> Blocks => blocks;

    /// <summary>Combines all blocks.</summary>
    public ulong Hash => Fold(0);

    public static FlatChecksum OfZeros(long length) => new(new ulong[FlatSums.BlocksOf(length)]);

    /// <summary>Checksum of a vector from those of its parts, which begin with blocks.</summary>
    public static FlatChecksum Joined(IEnumerable<FlatChecksum> parts) => new([.. parts.SelectMany(static part => part.blocks)]);

    /// <summary>Checksum of a part that begins with a block.</summary>
    /// <param name="offset">In elements.</param>
    /// <param name="count">In elements.</param>
    public FlatChecksum Part(long offset, long count) =>
        new(blocks.AsSpan((int)(offset / FlatSums.Block), FlatSums.BlocksOf(count)));

    /// <summary>Checksum of a flat vector on any device, using all threads of the caller.</summary>
    public static FlatChecksum Of(Tensor flat)
    {
        var blocks = new ulong[FlatSums.BlocksOf(flat.numel())];
        if (flat.device.type == DeviceType.CPU)
            Of(flat.numel(), flat.Address(), blocks);
        else
            OnDevice(flat, blocks);
        GC.KeepAlive(flat);
        return new FlatChecksum(blocks);
    }

    /// <summary>Checksums of a range that begins with a block.</summary>
    /// <param name="parallel">Whether to use all threads of the caller.</param>
    public static void Of(long count, nint vector, Span<ulong> blocks, bool parallel = true) =>
        FlatSums.Measure(count, vector, new SumReport { Left = blocks, Parallel = parallel });

    /// <summary>Computes by tensor operations, for accelerators: the same values as the kernels.</summary>
    public static void OnDevice(Tensor flat, Span<ulong> blocks)
    {
        if (blocks.IsEmpty)
            return;
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var (sums, finite) = (new List<Tensor>(), new List<Tensor>());
        for (long first = 0; first < flat.numel(); first += AtOnce)
        {
            using var part = NewDisposeScope();
            var values = flat.narrow(0, first, Math.Min(AtOnce, flat.numel() - first));
            sums.Add(LaneSums(values).MoveToOuterDisposeScope());
            finite.Add(values.isfinite().all().MoveToOuterDisposeScope());
        }

        var (sum, isFinite) = (cat(sums).cpu().data<long>().ToArray(), stack(finite).cpu().data<bool>().ToArray());
        var lanes = new uint[Lanes];
        for (var block = 0; block < blocks.Length; block++)
        {
            for (var lane = 0; lane < Lanes; lane++)
                lanes[lane] = unchecked((uint)sum[block * Lanes + lane]);
            blocks[block] = FoldLanes(lanes);
        }

        // For values that are not finite, the parts do not determine the word.
        for (var part = 0; part < isFinite.Length; part++)
        {
            if (isFinite[part])
                continue;
            var values = flat.narrow(0, part * AtOnce, Math.Min(AtOnce, flat.numel() - part * AtOnce)).cpu();
            Of(values.numel(), values.Address(),
                blocks.Slice(part * (int)(AtOnce / FlatSums.Block), FlatSums.BlocksOf(values.numel())));
        }
    }

    // Sums of words per block and lane. No tensor operation reinterprets the bits of a float as an integer: the word is composed of
    // mantissa, exponent and sign or, for subnormals, of the value as a multiple of the smallest one, 2^-149.
    private static Tensor LaneSums(Tensor values)
    {
        using Scalar smallestNormal = 1.17549435e-38f, two24 = 1 << 24, bias = 125, two23 = 1 << 23, two100 = MathF.ScaleB(1, 100),
            two49 = MathF.ScaleB(1, 49), two31 = 1L << 31;
        var magnitude = values.abs();
        var (mantissa, exponent) = magnitude.frexp();
        var normal = mantissa.mul_(two24).to(ScalarType.Int64)
            .add_(exponent.to(ScalarType.Int64).add_(bias, Scalars.One).mul_(two23), Scalars.One);
        var tiny = magnitude.mul(two100).mul_(two49).to(ScalarType.Int64);
        var words = where(magnitude.lt(smallestNormal), tiny, normal).add_(values.signbit().to(ScalarType.Int64).mul_(two31), Scalars.One);
        var missing = (FlatSums.Block - values.numel() % FlatSums.Block) % FlatSums.Block;
        if (missing > 0)
            words = cat([words, zeros(missing, dtype: ScalarType.Int64, device: values.device)]);
        return words.view(-1, FlatSums.Block / Lanes, Lanes).sum(1).view(-1);
    }

    /// <summary>The reference form on a CPU: the same values as the kernels.</summary>
    public static unsafe void Reference(long count, nint vector, Span<ulong> blocks)
    {
        var lanes = stackalloc uint[Lanes];
        for (var block = 0; block < blocks.Length; block++)
        {
            var words = (uint*)vector + block * FlatSums.Block;
            var size = Math.Min(FlatSums.Block, count - block * FlatSums.Block);
            var sums = Vector256<uint>.Zero;
            long i = 0;
            for (; i + Lanes <= size; i += Lanes)
                sums += Vector256.Load(words + i);
            sums.Store(lanes);
            for (; i < size; i++)
                lanes[i % Lanes] += words[i];
            blocks[block] = FoldLanes(new ReadOnlySpan<uint>(lanes, Lanes));
        }
    }

    /// <summary>Compares <paramref name="found"/> with this.</summary>
    /// <exception cref="CorruptionException">A block changed.</exception>
    public void Verify(ReadOnlySpan<ulong> found, FlatPlace place, LaneBlock? lanes = null, int firstBlock = 0)
    {
        for (var i = 0; i < found.Length; i++)
        {
            if (found[i] != blocks[firstBlock + i])
                throw new CorruptionException(place, firstBlock + i, blocks[firstBlock + i], found[i], lanes);
        }
    }

    public void Verify(Tensor flat, FlatPlace place, LaneBlock? lanes = null) => Verify(Of(flat).Blocks, place, lanes);

    /// <summary>Folds this onto a previous hash.</summary>
    internal ulong Fold(ulong hash)
    {
        foreach (var block in blocks)
            hash = Mix(hash ^ block);
        return hash;
    }

    // Each step is a bijection of the previous hash, so a change of one lane always shows; native/simd/checksum.h does the same.
    private static ulong FoldLanes(ReadOnlySpan<uint> lanes)
    {
        ulong hash = 0;
        foreach (var lane in lanes)
            hash = Mix(hash ^ lane);
        return hash;
    }
    private static ulong Mix(ulong x)
    {
        x = (x ^ (x >> 32)) * 0xD6E8FEB86659FD93;
        x = (x ^ (x >> 29)) * 0x9E3779B97F4A7C15;
        return x ^ (x >> 32);
    }
}

using System.IO.Hashing;
using System.Runtime.InteropServices;
using ActorTrain.Models.Kernels;
using static TorchSharp.torch;

namespace ActorTrain.Models.Storage;

/// <summary>The hash of a training state: 64-bit XXH3 (Collet 2020) of the hashes of its blocks of <see cref="FlatSums.Block"/> elements,
/// vector after vector, each of which is the 64-bit XXH3 of its bytes. The same on every machine; not cryptographic.</summary>
/// <remarks>So it follows from the hashes of ranges that begin with blocks, whoever computed them.</remarks>
public static unsafe class StateHash
{
    private const long BlockBytes = FlatSums.Block * sizeof(float);

    /// <summary>Of weights, first and second moment, in host memory.</summary>
    public static ulong Of(params ReadOnlySpan<HostBuffer> vectors)
    {
        var blocks = new List<ulong>();
        foreach (var vector in vectors)
        {
            blocks.AddRange(Blocks(vector.Address, vector.Length));
            GC.KeepAlive(vector);
        }

        return OfBlocks(blocks);
    }

    /// <summary>Of contiguous float32 vectors on any device: equals the hash of their bytes in host memory.</summary>
    public static ulong Of(params ReadOnlySpan<Tensor> vectors)
    {
        var blocks = new List<ulong>();
        foreach (var vector in vectors)
            blocks.AddRange(Blocks(vector));
        return OfBlocks(blocks);
    }

    /// <summary>Of the hashes of all blocks: those of the weights, then of the first moment, then of the second.</summary>
    public static ulong OfBlocks(IEnumerable<ulong> blocks) =>
        XxHash3.HashToUInt64(MemoryMarshal.AsBytes<ulong>(blocks.ToArray()));

    /// <summary>Hashes of the blocks of a contiguous float32 vector on any device.</summary>
    internal static ulong[] Blocks(Tensor vector)
    {
        using var host = vector.cpu();
        var blocks = Blocks(host.Address(), host.numel() * sizeof(float));
        GC.KeepAlive(host);
        return blocks;
    }

    /// <param name="length">In bytes.</param>
    internal static ulong[] Blocks(nint address, long length)
    {
        var blocks = new ulong[(length + BlockBytes - 1) / BlockBytes];
        for (var i = 0; i < blocks.Length; i++)
            blocks[i] = Block(address + (nint)(i * BlockBytes), Math.Min(BlockBytes, length - i * BlockBytes));
        return blocks;
    }

    internal static ulong Block(nint address, long length) => XxHash3.HashToUInt64(new ReadOnlySpan<byte>((void*)address, (int)length));
}

/// <summary>Hashes of the blocks of a state, or of a range of it: what <see cref="StateHash"/> is computed from.</summary>
public sealed record StateBlocks(IReadOnlyList<ulong> Weights, IReadOnlyList<ulong> FirstMoment, IReadOnlyList<ulong> SecondMoment)
{
    /// <summary>Of a whole state.</summary>
    public ulong Hash => StateHash.OfBlocks([.. Weights, .. FirstMoment, .. SecondMoment]);

    /// <summary>Of ranges in order.</summary>
    public static StateBlocks Joined(IReadOnlyList<StateBlocks> parts) => new(
        [.. parts.SelectMany(static part => part.Weights)], [.. parts.SelectMany(static part => part.FirstMoment)],
        [.. parts.SelectMany(static part => part.SecondMoment)]);
}

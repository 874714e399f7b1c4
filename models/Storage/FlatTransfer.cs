using ActorTrain.Models.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Models.Storage;

/// <summary>Copies between flat float32 tensors, on any device, and host memory.</summary>
public static unsafe class FlatTransfer
{
    // Elements copied through a staging tensor at once if the flat vector is on an accelerator.
    private const long Chunk = 1 << 24;

    /// <summary>The buffer must have exactly the tensor's size.</summary>
    public static void CopyTo(this Tensor flat, HostBuffer buffer)
    {
        CheckSize(flat, buffer);
        if (flat.device.type == DeviceType.CPU)
        {
            Buffer.MemoryCopy((void*)flat.Address(), (void*)buffer.Address, buffer.Length, buffer.Length);
            KeepAlive(flat, buffer);
            return;
        }

        foreach (var (offset, count) in Chunks(flat))
        {
            using var there = flat.narrow(0, offset, count);
            using var part = there.cpu();
            part.bytes.CopyTo(buffer.Slice(offset * sizeof(float), (int)count * sizeof(float)));
        }
    }

    /// <summary>Copies a flat tensor out, hashes the copy and verifies it block by block, so that each block is read from memory
    /// once.</summary>
    /// <param name="first">Element of the buffer that the tensor's first is copied to.</param>
    /// <returns>Hashes of the blocks: see <see cref="StateHash"/>.</returns>
    /// <exception cref="CorruptionException">The content is not what was written.</exception>
    internal static ulong[] CopyTo(this Tensor flat, HostBuffer buffer, long first, FlatChecksum written, FlatPlace place)
    {
        var length = flat.numel() * sizeof(float);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first * sizeof(float) + length, buffer.Length, nameof(first));
        var isHere = flat.device.type == DeviceType.CPU;
        const long blockBytes = FlatSums.Block * sizeof(float);
        var (hashes, found) = (new ulong[written.Blocks.Length], new ulong[written.Blocks.Length]);
        for (var block = 0; block < found.Length; block++)
        {
            var (offset, to) = (block * blockBytes, buffer.Address + (nint)(first * sizeof(float) + block * blockBytes));
            var count = Math.Min(blockBytes, length - offset);
            if (isHere)
            {
                Buffer.MemoryCopy((void*)(flat.Address() + (nint)offset), (void*)to, count, count);
            }
            else
            {
                using var there = flat.narrow(0, offset / sizeof(float), count / sizeof(float));
                using var part = there.cpu();
                Buffer.MemoryCopy((void*)part.Address(), (void*)to, count, count);
            }

            // Hash before verification, so that the hash is of a block that was still correct afterwards.
            hashes[block] = StateHash.Block(to, count);
            FlatChecksum.Of(count / sizeof(float), to, found.AsSpan(block, 1), parallel: false);
        }

        KeepAlive(flat, buffer);
        written.Verify(found, place);
        return hashes;
    }

    /// <summary>The buffer must have exactly the tensor's size.</summary>
    public static void CopyFrom(this Tensor flat, HostBuffer buffer)
    {
        CheckSize(flat, buffer);
        flat.CopyFrom(buffer, first: 0);
    }

    /// <summary>Copies a part of the buffer, of the tensor's size.</summary>
    /// <param name="first">Element of the buffer that becomes the tensor's first.</param>
    public static void CopyFrom(this Tensor flat, HostBuffer buffer, long first)
    {
        var length = flat.numel() * sizeof(float);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first * sizeof(float) + length, buffer.Length, nameof(first));
        if (flat.device.type == DeviceType.CPU)
        {
            Buffer.MemoryCopy((void*)(buffer.Address + (nint)(first * sizeof(float))), (void*)flat.Address(), length, length);
            KeepAlive(flat, buffer);
            return;
        }

        foreach (var (offset, count) in Chunks(flat))
        {
            using var part = empty(count, dtype: float32);
            buffer.Slice((first + offset) * sizeof(float), (int)count * sizeof(float)).CopyTo(part.bytes);
            using var target = flat.narrow(0, offset, count);
            target.copy_(part);
        }
    }

    // Their finalizers would free the memory being copied.
    private static void KeepAlive(Tensor flat, HostBuffer buffer)
    {
        GC.KeepAlive(flat);
        GC.KeepAlive(buffer);
    }

    private static IEnumerable<(long Offset, long Count)> Chunks(Tensor flat)
    {
        var length = flat.numel();
        for (long offset = 0; offset < length; offset += Chunk)
            yield return (offset, Math.Min(Chunk, length - offset));
    }

    private static void CheckSize(Tensor flat, HostBuffer buffer)
    {
        if (flat.numel() * sizeof(float) != buffer.Length)
            throw new ArgumentException($"A flat vector of {flat.numel()} elements does not fit a buffer of {buffer.Length} bytes.",
                nameof(buffer));
    }
}

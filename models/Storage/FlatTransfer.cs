using ActorTrain.Models.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Models.Storage;

/// <summary>Copies between flat float32 tensors, on any device, and host memory: snapshots and their return.</summary>
public static unsafe class FlatTransfer
{
    // What is copied through a staging tensor at once when the flat vector lives on an accelerator, in elements.
    private const long Chunk = 1 << 24;

    /// <summary>Copies a flat tensor out; the buffer holds exactly its bytes.</summary>
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

    /// <summary>Copies a buffer into a flat tensor of as many bytes.</summary>
    public static void CopyFrom(this Tensor flat, HostBuffer buffer)
    {
        CheckSize(flat, buffer);
        if (flat.device.type == DeviceType.CPU)
        {
            Buffer.MemoryCopy((void*)buffer.Address, (void*)flat.Address(), buffer.Length, buffer.Length);
            KeepAlive(flat, buffer);
            return;
        }

        foreach (var (offset, count) in Chunks(flat))
        {
            using var part = empty(count, dtype: float32);
            buffer.Slice(offset * sizeof(float), (int)count * sizeof(float)).CopyTo(part.bytes);
            using var target = flat.narrow(0, offset, count);
            target.copy_(part);
        }
    }

    // Their finalizers would free the memory that is being copied.
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
        ArgumentNullException.ThrowIfNull(flat);
        ArgumentNullException.ThrowIfNull(buffer);
        if (flat.numel() * sizeof(float) != buffer.Length)
            throw new ArgumentException($"A flat vector of {flat.numel()} elements does not fit a buffer of {buffer.Length} bytes.", nameof(buffer));
    }
}

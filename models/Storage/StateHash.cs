using System.IO.Hashing;
using ActorTrain.Models.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Models.Storage;

/// <summary>The hash of the state of a training run, by which a copy is checked: XXH3 with 64 bits (Collet 2020) of the bytes of its
/// vectors, one after another. The same on every machine, no protection against malice.</summary>
public static unsafe class StateHash
{
    // A span ends at 2 GiB.
    private const int AtOnce = 1 << 30;

    /// <summary>Hash of weights, first and second moment, in host memory.</summary>
    public static ulong Of(params ReadOnlySpan<HostBuffer> vectors)
    {
        var hash = new XxHash3();
        foreach (var vector in vectors)
        {
            hash.Append(vector.Address, vector.Length);
            GC.KeepAlive(vector);
        }

        return hash.GetCurrentHashAsUInt64();
    }

    /// <summary>Hash of contiguous float32 vectors on any device: that of the bytes they have in host memory.</summary>
    public static ulong Of(params ReadOnlySpan<Tensor> vectors)
    {
        var hash = new XxHash3();
        foreach (var vector in vectors)
        {
            using var host = vector.cpu();
            hash.Append(host.Address(), host.numel() * sizeof(float));
            GC.KeepAlive(host);
        }

        return hash.GetCurrentHashAsUInt64();
    }

    internal static void Append(this XxHash3 hash, nint address, long length)
    {
        for (long done = 0; done < length; done += AtOnce)
            hash.Append(new ReadOnlySpan<byte>((byte*)address + done, (int)Math.Min(AtOnce, length - done)));
    }
}

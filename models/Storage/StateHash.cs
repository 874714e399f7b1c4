using System.IO.Hashing;
using ActorTrain.Models.Kernels;
using static TorchSharp.torch;

namespace ActorTrain.Models.Storage;

/// <summary>The hash of a training state: 64-bit XXH3 (Collet 2020) of the concatenated bytes of its vectors. The same on every machine;
/// not cryptographic.</summary>
public static unsafe class StateHash
{
    // A span ends at 2 GiB.
    private const int AtOnce = 1 << 30;

    /// <summary>Of weights, first and second moment, in host memory.</summary>
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

    /// <summary>Of contiguous float32 vectors on any device: equals the hash of their bytes in host memory.</summary>
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

using ActorTrain.Models.Kernels;
using ActorTrain.Models.Storage;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Chaos;

/// <summary>Flips bits in memory, like a cosmic ray or a weak cell, to test their detection.</summary>
public static unsafe class BitFlip
{
    /// <param name="bit">Offset from the address; of a little-endian float, bits 0 to 22 are the mantissa, 23 to 30 the exponent, 31 the
    /// sign.</param>
    public static void At(nint address, long bit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bit);
        ((byte*)address)[bit / 8] ^= (byte)(1 << (int)(bit % 8));
    }

    /// <summary>Flips one bit of a flat float32 tensor, on any device.</summary>
    /// <param name="bit">Offset in the tensor, 32 per element.</param>
    public static void At(Tensor flat, long bit)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(bit, 32 * flat.numel());
        if (flat.device.type == DeviceType.CPU)
        {
            At(flat.Address(), bit);
            GC.KeepAlive(flat);
            return;
        }

        using var _ = no_grad();
        using var element = flat.narrow(0, bit / 32, 1);
        using var host = element.cpu();
        At(host.Address(), bit % 32);
        element.copy_(host);
    }
}

/// <summary>Stored memory in which a bit can be flipped now.</summary>
/// <param name="Flip">Flips a bit, numbered from 0.</param>
public sealed record FlipTarget(FlatPlace Place, long Bits, Action<long> Flip)
{
    public static FlipTarget Of(FlatPlace place, Tensor flat) => new FlipTarget(place, 32 * flat.numel(), bit => BitFlip.At(flat, bit));

    public static FlipTarget Of(FlatPlace place, nint address, long count) => new(place, 32 * count, bit => BitFlip.At(address, bit));

    public static FlipTarget Of(FlatPlace place, HostBuffer buffer) =>
        new(place, 8 * buffer.Length, bit => BitFlip.At(buffer.Address, bit));
}

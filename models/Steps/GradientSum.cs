using ActorTrain.Models.Kernels;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Numerics;
using ActorTrain.Models.Storage;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Models.Steps;

/// <summary>The sum of some lanes' contributions to a step.</summary>
/// <param name="Gradient">Flat, in the parameters' layout.</param>
/// <param name="Loss">The lanes' part of the mean loss of the global batch, in nats per token.</param>
/// <param name="Checksum">Checksum of the gradient when it was written; null if unknown, or not stored since.</param>
public sealed record GradientSum(Tensor Gradient, double Loss, FlatChecksum? Checksum = null, LaneBlock? Lanes = null)
{
    /// <summary>Adds <paramref name="right"/> into the memory of <paramref name="left"/>: the addition of the lane tree. Verifies known
    /// checksums.</summary>
    /// <exception cref="CorruptionException">An operand changed in memory; the left one's memory is invalid now.</exception>
    public static GradientSum Add(GradientSum left, GradientSum right) =>
        left with { Loss = left.Loss + right.Loss, Checksum = AddGradients(left, right), Lanes = left.Lanes?.Parent };

    private static FlatChecksum AddGradients(GradientSum left, GradientSum right)
    {
        if (left.Gradient.device.type != DeviceType.CPU)
        {
            using var _ = no_grad();
            left.Checksum?.Verify(left.Gradient, FlatPlace.LaneGradient, left.Lanes);
            right.Checksum?.Verify(right.Gradient, FlatPlace.LaneGradient, right.Lanes);
            left.Gradient.add_(right.Gradient, Scalars.One);
            return FlatChecksum.Of(left.Gradient);
        }

        var count = left.Gradient.numel();
        var blocks = FlatSums.BlocksOf(count);
        var (ofLeft, ofRight, ofSum) = (new ulong[blocks], new ulong[blocks], new ulong[blocks]);
        FlatSums.Add(
            count, left.Gradient.Address(), right.Gradient.Address(), left.Gradient.Address(),
            new SumReport { Left = ofLeft, Right = ofRight, Sum = ofSum, Parallel = true });
        GC.KeepAlive(left.Gradient);
        GC.KeepAlive(right.Gradient);
        left.Checksum?.Verify(ofLeft, FlatPlace.LaneGradient, left.Lanes);
        right.Checksum?.Verify(ofRight, FlatPlace.LaneGradient, right.Lanes);
        return new FlatChecksum(ofSum);
    }
}

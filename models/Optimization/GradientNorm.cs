using ActorTrain.Models.Kernels;
using ActorTrain.Models.Runtime;
using ActorTrain.Models.Storage;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Models.Optimization;

/// <summary>The global L2 norm of a flat gradient, and clipping by it (Pascanu et al. 2013).</summary>
public static class GradientNorm
{
    /// <summary>Norm of a flat float32 vector; NaN or infinite if an element is.</summary>
    public static double Of(Tensor flat)
    {
        if (FusedKernels.IsAvailable && flat.device.type == DeviceType.CPU)
        {
            var squares = NativeKernels.ak_sum_squares(flat.numel(), flat.Address());
            GC.KeepAlive(flat);
            return Math.Sqrt(squares);
        }

        if (flat.device.type == DeviceType.CPU)
        {
            var squares = new double[FlatSums.BlocksOf(flat.numel())];
            FlatSums.Squares(flat.numel(), flat.Address(), squares);
            GC.KeepAlive(flat);
            return OfSquares(squares);
        }

        double sum = 0;
        for (long from = 0; from < flat.numel(); from += FlatSums.Block)
        {
            using var cut = flat.narrow(0, from, Math.Min(FlatSums.Block, flat.numel() - from));
            using var block = cut.to(ScalarType.Float64);
            using var product = block.dot(block);
            sum += product.item<double>();
        }

        return Math.Sqrt(sum);
    }

    /// <summary>Norm from the sums of squares of a vector's blocks, in order: the bits of <see cref="Of"/> on a CPU.</summary>
    public static double OfSquares(IEnumerable<double> squares)
    {
        double sum = 0;
        foreach (var block in squares)
            sum += block;
        return Math.Sqrt(sum);
    }

    /// <summary>The factor that reduces a gradient of norm <paramref name="norm"/> to <paramref name="limit"/>; 1 if it is below, or the
    /// limit is 0.</summary>
    public static double ClipFactor(double norm, double limit) => limit <= 0 ? 1 : Math.Min(1, limit / (norm + 1e-6));
}

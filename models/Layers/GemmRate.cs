using System.Diagnostics;
using ActorTrain.Models.Numerics;
using ActorTrain.Models.Runtime;
using ActorTrain.Models.Storage;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Models.Layers;

/// <summary>The rate of matrix products that a device reaches, as reference for training speed.</summary>
public static class GemmRate
{
    private const int Rows = 2048;
    private const int Width = 1024;
    private const double FlopsPerProduct = 2.0 * Rows * Width * Width;

    /// <summary>Floating-point operations per second of 2048 × 1024 × 1024 products on the code path of training: the best of several
    /// repeats.</summary>
    /// <param name="device">Null for the CPU.</param>
    public static double Measure(Precision precision, Device? device = null, int repeats = 20)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(repeats, 1);
        using var threads = ComputeThreads.OneForTorch();
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return FusedKernels.IsAvailable && (device is null || device.type == DeviceType.CPU)
            ? MeasureFused(precision, repeats)
            : MeasureReference(precision, device, repeats);
    }

    private static double MeasureFused(Precision precision, int repeats)
    {
        var activations = new Activations(precision);
        using var parameters = new FlatParameters(FlatLayout.Of([("weight", [Width, Width])]));
        using var linear = new PackedLinear(parameters["weight"], bias: null, activations);
        var x = activations.Empty(Rows, Width).fill_(Scalars.One);
        return BestRate(() => linear.Forward(Rows, x).Dispose(), repeats);
    }

    private static double MeasureReference(Precision precision, Device? device, int repeats)
    {
        var type = precision == Precision.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32;
        var (a, b) = (ones(Rows, Width, dtype: type, device: device), ones(Width, Width, dtype: type, device: device));
        var onGpu = device?.type == DeviceType.CUDA;
        return BestRate(
            () =>
            {
                a.matmul(b).Dispose();
                if (onGpu)
                    cuda.synchronize();
            },
            repeats);
    }

    private static double BestRate(Action product, int repeats)
    {
        // The first product packs weights and wakes threads.
        product();
        var best = TimeSpan.MaxValue;
        for (var i = 0; i < repeats; i++)
        {
            var started = Stopwatch.GetTimestamp();
            product();
            var elapsed = Stopwatch.GetElapsedTime(started);
            if (elapsed < best)
                best = elapsed;
        }

        return FlopsPerProduct / best.TotalSeconds;
    }
}

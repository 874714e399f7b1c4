using System.Diagnostics;
using System.Globalization;
using ActorTrain.Models;
using ActorTrain.Models.Layers;
using static TorchSharp.torch;

namespace ActorTrain.Bench.Peers;

/// <summary>The precision in which each side of a comparison works.</summary>
internal sealed record SidePrecisions(Precision Ours, Precision TorchSharps)
{
    // bfloat16 rounds operands, so it has to be worth it.
    private const double Gain = 1.1;
    private const int Width = 512;

    private static readonly Lazy<SidePrecisions> Faster = new(static () => new SidePrecisions(
        FasterOf("actortrain", static precision => GemmRate.Measure(precision)), FasterOf("torchsharp", ProductRate)));

    /// <summary>The same for both, but for bfloat16, on a CPU without instructions for it, in which each side multiplies matrices
    /// faster.</summary>
    public static SidePrecisions Of(Precision precision) =>
        precision == Precision.BFloat16 && !Machine.MultipliesBFloat16 ? Faster.Value : new SidePrecisions(precision, precision);

    private static Precision FasterOf(string side, Func<Precision, double> rate)
    {
        var (bf16, fp32) = (rate(Precision.BFloat16), rate(Precision.Float32));
        var faster = bf16 > Gain * fp32 ? Precision.BFloat16 : Precision.Float32;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  {side} takes {PeerTraining.NameOf(faster)} for bf16: its products run at {bf16 / 1e9:F0} GFLOP/s in bf16, at "
                + $"{fp32 / 1e9:F0} in fp32"));
        return faster;
    }

    // Of libtorch, in floating-point operations per second.
    private static double ProductRate(Precision precision)
    {
        using var scope = NewDisposeScope();
        using var a = ones(Width, Width, dtype: precision == Precision.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32);
        a.matmul(a).Dispose();
        var started = Stopwatch.GetTimestamp();
        a.matmul(a).Dispose();
        return 2.0 * Width * Width * Width / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }
}

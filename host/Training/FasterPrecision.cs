using ActorTrain.Models;
using ActorTrain.Models.Layers;
using TorchSharp;

namespace ActorTrain.Host.Training;

/// <summary>The precision that <c>training.precision: auto</c> stands for on this machine.</summary>
/// <param name="Rates">Floating-point operations per second of matrix products in each precision.</param>
internal sealed record FasterPrecision(IReadOnlyDictionary<Precision, double> Rates)
{
    // bfloat16 rounds operands, so it has to be worth it: equal rates must not let chance decide.
    private const double Gain = 1.1;

    public Precision Chosen => Rates[Precision.BFloat16] > Gain * Rates[Precision.Float32] ? Precision.BFloat16 : Precision.Float32;

    /// <summary>As in a run file.</summary>
    public string Word => Chosen.ToString().ToLowerInvariant();

    /// <summary>Measures for a fraction of a second.</summary>
    public static FasterPrecision Measure(torch.Device device) =>
        new(Enum.GetValues<Precision>().ToDictionary(static precision => precision, precision => GemmRate.Measure(precision, device)));

    public override string ToString() =>
        $"training.precision auto: {Word}; matrix multiplications run at "
            + $"{Rates[Precision.Float32] / 1e9:F0} GFLOP/s in float32 and at {Rates[Precision.BFloat16] / 1e9:F0} in bfloat16";
}

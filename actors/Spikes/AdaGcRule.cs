using System.Collections.Immutable;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Options;

namespace ActorTrain.Actors.Spikes;

public sealed record AdaGcOptions : IOptions
{
    [Option("adagc (AdaGC): clip each tensor's gradient at this multiple of its running norm", Key = "", Above = 0)]
    public double Relative { get; init; } = 1.05;

    [Option("decay of the running norm per step", Below = 1)]
    public double Beta { get; init; } = 0.98;

    [Option("global gradient-norm limit while adagc warms up", Above = 0)]
    public double Absolute { get; init; } = 1;

    [Option("steps before adagc starts clipping per tensor", Min = 1)]
    public int Warmup { get; init; } = 100;
}

/// <summary>Clips the gradient of each tensor to a multiple of its own running norm, step by step and without a finding.</summary>
/// <remarks>Source: Wang et al. 2025, "AdaGC: Improving Training Stability for Large Language Model Pretraining", algorithm 1: during the
/// warm-up the global norm is clipped to λ_abs, and each running norm γ is the smallest clipped norm of its tensor so far; afterwards a
/// tensor's gradient is clipped to λ_rel·γ, and γ updated with the clipped norm. Inactive without <see cref="StepSignals.TensorNorms"/>.
/// Memory: the number of warm-up steps seen, and γ of each tensor.</remarks>
public sealed class AdaGcRule(AdaGcOptions options) : SpikeRule
{
    public const string Id = "adagc";

    public override string Name => Id;

    public override Opinion Judge(StepSignals signals, ImmutableArray<double> memory)
    {
        ArgumentNullException.ThrowIfNull(signals);
        var norms = signals.TensorNorms;
        if (norms.Count == 0 || !double.IsFinite(signals.GradientNorm) || !norms.All(double.IsFinite))
            return new Opinion(null, memory, memory);

        // Another number of tensors means another model: start over.
        var steps = memory.Length == norms.Count + 1 ? memory[0] : 0;
        return steps < options.Warmup ? WarmUp(signals, memory, steps) : Clip(norms, memory);
    }

    private Opinion WarmUp(StepSignals signals, ImmutableArray<double> memory, double steps)
    {
        var factor = Math.Min(1, options.Absolute / signals.GradientNorm);
        var clipped = signals.TensorNorms.Select(norm => factor * norm);
        return new Opinion(null, [steps + 1, .. clipped.Select((norm, i) => steps == 0 ? norm : Math.Min(norm, memory[i + 1]))], memory)
        {
            Wants = factor < 1 ? new UpdateAdjustment { ClipTo = options.Absolute } : UpdateAdjustment.None,
        };
    }

    private Opinion Clip(EquatableArray<double> norms, ImmutableArray<double> memory)
    {
        var factors = new double[norms.Count];
        var next = memory.ToArray();
        for (var i = 0; i < factors.Length; i++)
        {
            var limit = options.Relative * memory[i + 1];
            factors[i] = norms[i] > limit ? limit / norms[i] : 1;
            next[i + 1] = (options.Beta * memory[i + 1]) + ((1 - options.Beta) * factors[i] * norms[i]);
        }

        return new Opinion(null, [.. next], memory)
        {
            Wants = Array.Exists(factors, static factor => factor < 1) ? new UpdateAdjustment { TensorFactors = [.. factors] }
                : UpdateAdjustment.None,
        };
    }
}

using ActorTrain.Models.Kernels;
using ActorTrain.Models.Storage;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Models.Optimization;

/// <summary>Constants of <see cref="AdamW"/>.</summary>
public sealed record AdamWOptions
{
    /// <summary>Decay of the first moment, β₁.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of the second moment, β₂.</summary>
    public double Beta2 { get; init; } = 0.95;

    /// <summary>Added to the root of the second moment, ε.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Decoupled weight decay of matrices.</summary>
    public double WeightDecay { get; init; } = 0.1;
}

/// <summary>AdamW (Loshchilov &amp; Hutter 2019) over flat vectors, in one pass, with the clipping of the gradient folded in.</summary>
public sealed class AdamW : IDisposable
{
    private readonly FlatParameters parameters;
    private readonly AdamWOptions options;
    private readonly (long Offset, long Count, bool Decays)[] ranges;

    /// <summary>Allocates zeroed moments beside <paramref name="parameters"/>.</summary>
    public AdamW(FlatParameters parameters, AdamWOptions options)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        this.parameters = parameters;
        this.options = options;
        FirstMoment = zeros_like(parameters.Weights).DetachFromDisposeScope();
        SecondMoment = zeros_like(parameters.Weights).DetachFromDisposeScope();
        ranges = [.. Ranges(parameters.Layout)];
    }

    /// <summary>Running mean of gradients, laid out as the parameters.</summary>
    public Tensor FirstMoment { get; }

    /// <summary>Running mean of squared gradients, laid out as the parameters.</summary>
    public Tensor SecondMoment { get; }

    /// <summary>Forgets the moments.</summary>
    public void Clear()
    {
        using var _ = no_grad();
        FirstMoment.zero_();
        SecondMoment.zero_();
    }

    /// <summary>Updates weights and moments.</summary>
    /// <param name="gradient">Flat gradient of the global batch, laid out as the parameters.</param>
    /// <param name="step">Number of this update, from 1: it corrects the moments' bias.</param>
    /// <param name="learningRate">Rate of this step.</param>
    /// <param name="clipFactor">The gradient is multiplied by it first.</param>
    public void Apply(Tensor gradient, long step, double learningRate, double clipFactor)
    {
        ArgumentNullException.ThrowIfNull(gradient);
        ArgumentOutOfRangeException.ThrowIfLessThan(step, 1);
        var fused = FusedKernels.IsAvailable && gradient.device.type == DeviceType.CPU;
        var (correction1, correction2) = (1 - Math.Pow(options.Beta1, step), 1 - Math.Pow(options.Beta2, step));
        using var _ = no_grad();
        foreach (var (offset, count, decays) in ranges)
        {
            var decay = decays ? options.WeightDecay : 0;
            if (fused)
                Fused(gradient, offset, count, clipFactor, learningRate, decay, correction1, correction2);
            else
                Composed(gradient, offset, count, clipFactor, learningRate, decay, correction1, correction2);
        }

        parameters.WeightsChanged();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        FirstMoment.Dispose();
        SecondMoment.Dispose();
    }

    private void Fused(
        Tensor gradient, long offset, long count, double clip, double rate, double decay, double correction1, double correction2)
    {
        var bytes = (nint)(offset * sizeof(float));
        FusedKernels.Check(NativeKernels.ak_adamw(
            count, parameters.Weights.Address() + bytes, gradient.Address() + bytes, FirstMoment.Address() + bytes, SecondMoment.Address() + bytes,
            (float)clip, (float)rate, (float)options.Beta1, (float)options.Beta2, (float)options.Epsilon, (float)decay, (float)correction1,
            (float)correction2));
    }

    private void Composed(
        Tensor gradient, long offset, long count, double clip, double rate, double decay, double correction1, double correction2)
    {
        using var scope = NewDisposeScope();
        var g = gradient.narrow(0, offset, count) * clip;
        var (m, v) = (FirstMoment.narrow(0, offset, count), SecondMoment.narrow(0, offset, count));
        var w = parameters.Weights.narrow(0, offset, count);
        m.mul_(options.Beta1).add_(g, alpha: 1 - options.Beta1);
        v.mul_(options.Beta2).addcmul_(g, g, value: 1 - options.Beta2);
        var denominator = (v / correction2).sqrt_().add_(options.Epsilon);
        w.mul_(1 - rate * decay).addcdiv_(m, denominator, value: -rate / correction1);
    }

    // Neighbours of one kind, gaps between them included, are one range: a vector operation has a price however short it is.
    private static IEnumerable<(long Offset, long Count, bool Decays)> Ranges(FlatLayout layout)
    {
        var first = 0;
        for (var i = 1; i <= layout.Entries.Count; i++)
        {
            if (i < layout.Entries.Count && layout.Entries[i].Decays == layout.Entries[first].Decays)
                continue;
            var end = i < layout.Entries.Count ? layout.Entries[i].Offset : layout.Length;
            yield return (layout.Entries[first].Offset, end - layout.Entries[first].Offset, layout.Entries[first].Decays);
            first = i;
        }
    }
}

using ActorTrain.Models.Numerics;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Models.Optimization;

/// <summary>AdamW by tensor operations, on any device.</summary>
/// <remarks>The second correction of a ratio and θ are rounded to float32, as in the fused kernel.</remarks>
internal sealed class ReferenceAdamW : IAdamWForm
{
    public double Apply(AdamWPlan plan, Tensor w, Tensor g, Tensor m, Tensor v, UpdateChecksums? checksums)
    {
        checksums?.Read(w, g, m, v);
        var squares = Change(plan, w, g, m, v);
        checksums?.Wrote(w, m, v);
        return squares;
    }

    public double Preview(AdamWPlan plan, Tensor w, Tensor g, Tensor m, Tensor v, UpdateChecksums? checksums)
    {
        checksums?.Read(w, g, m, v);
        using var scope = NewDisposeScope();
        return Change(plan, w.clone(), g, m.clone(), v.clone());
    }

    public double Ratio(AdamWConstants constants, Tensor g, Tensor v, double clip)
    {
        using var scope = NewDisposeScope();
        var options = constants.Options;
        using Scalar beta2 = options.Beta2, rest = 1 - options.Beta2, least = options.Epsilon * options.Epsilon;
        using Scalar correction = (double)(float)constants.Correction2;
        var clipped = Clipped(g, v, clip, constants);
        var corrected = v.mul(beta2).addcmul_(clipped, clipped, rest).div(correction);
        return (clipped * clipped / corrected.clamp(min: least)).sum(ScalarType.Float64).item<double>();
    }

    private static double Change(AdamWPlan plan, Tensor weights, Tensor gradient, Tensor firstMoment, Tensor secondMoment)
    {
        double squares = 0;
        var (options, constants) = (plan.Constants.Options, plan.Constants);
        using Scalar beta1 = options.Beta1, rest1 = 1 - options.Beta1, beta2 = options.Beta2, rest2 = 1 - options.Beta2;
        using Scalar correction2 = constants.Correction2, epsilon = options.Epsilon;
        foreach (var (range, clip, rate) in plan.Parts)
        {
            using var scope = NewDisposeScope();
            using Scalar kept = 1 - rate * (range.Decays ? options.WeightDecay : 0), stride = -rate / constants.Correction1;
            Tensor Of(Tensor flat) => flat.narrow(0, range.Offset, range.Length);
            var (w, m, v) = (Of(weights), Of(firstMoment), Of(secondMoment));
            var g = Clipped(Of(gradient), v, clip, constants);
            var before = w.clone();
            m.mul_(beta1).add_(g, rest1);
            v.mul_(beta2).addcmul_(g, g, rest2);
            var denominator = v.div(correction2).sqrt_().add_(epsilon, Scalars.One);
            w.mul_(kept).addcdiv_(m, denominator, stride);
            var change = before.sub_(w);
            squares += (change * change).sum(ScalarType.Float64).item<double>();
        }

        return squares;
    }

    private static Tensor Clipped(Tensor gradient, Tensor v, double clip, AdamWConstants constants)
    {
        using Scalar factor = clip, spike = (double)(float)constants.SpikeThreshold, zero = 0;
        var g = gradient.mul(factor);
        if (constants.SpikeThreshold == 0)
            return g;
        var limit = v.mul(spike).sqrt();
        return where(v.gt(zero), minimum(maximum(g, -limit), limit), g);
    }
}

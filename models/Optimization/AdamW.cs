using ActorTrain.Models.Kernels;
using ActorTrain.Models.Numerics;
using ActorTrain.Models.Storage;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Models.Optimization;

/// <summary>AdamW (Loshchilov &amp; Hutter 2019) over flat vectors, in one pass, with the clipping of the gradient folded in.</summary>
public sealed class AdamW : IDisposable
{
    private readonly FlatParameters parameters;
    private readonly AdamWOptions options;
    private readonly bool fused;
    private readonly Range[] byKind;
    private readonly Range[] byTensor;

    /// <summary>Allocates zeroed moments beside <paramref name="parameters"/>.</summary>
    /// <param name="parameters">What it updates; not owned.</param>
    /// <param name="options">Its constants.</param>
    /// <param name="fused">Whether to use the fused CPU kernel; null: where it is available and the parameters are on a CPU.</param>
    public AdamW(FlatParameters parameters, AdamWOptions options, bool? fused = null)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(options);
        this.parameters = parameters;
        this.options = options;
        this.fused = fused ?? (FusedKernels.IsAvailable && parameters.Device.type == DeviceType.CPU);
        FirstMoment = zeros_like(parameters.Weights).DetachFromDisposeScope();
        SecondMoment = zeros_like(parameters.Weights).DetachFromDisposeScope();
        byTensor = [.. Ranges(parameters.Layout)];
        byKind = [.. Merged(byTensor)];
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
    /// <param name="tensorFactors">Beside that, each tensor's gradient by its own; null: all 1.</param>
    /// <param name="resetMomentum">Whether the moments are forgotten first.</param>
    /// <param name="state">Checksums of weights and moments: what is read is held against them, and they become those of what is written; null: nothing is
    /// checked.</param>
    /// <param name="ofGradient">Checksum of the gradient; null: it is not checked.</param>
    /// <returns>L2 norm of the change of the weights.</returns>
    /// <exception cref="CorruptionException">Something that was read had changed in memory. The update is made of it nonetheless: weights and moments are
    /// worth nothing any more.</exception>
    public double Apply(
        Tensor gradient, long step, double learningRate, double clipFactor, IReadOnlyList<double>? tensorFactors = null, bool resetMomentum = false,
        StateChecksum? state = null, FlatChecksum? ofGradient = null)
    {
        Validate(gradient, step, tensorFactors);
        using var threads = ComputeThreads.OneForTorch();
        using var _ = no_grad();
        if (resetMomentum || options.ResetsBefore(step))
        {
            Clear();
            state?.MomentsAreZero();
        }

        var plan = PlanOf(gradient, SecondMoment, step, learningRate, clipFactor, tensorFactors);
        double squares;
        if (fused)
        {
            (squares, var found) = Fused(plan, gradient, FirstMoment, SecondMoment, isPreview: false, isChecked: state is not null);
            state?.Update(found, ofGradient);
        }
        else
        {
            state?.Verify(parameters.Weights, FirstMoment, SecondMoment, gradient, ofGradient);
            squares = Composed(plan, gradient, parameters.Weights, FirstMoment, SecondMoment);
            state?.Renew(parameters.Weights, FirstMoment, SecondMoment);
        }

        parameters.WeightsChanged();
        return Math.Sqrt(squares);
    }

    /// <summary>What <see cref="Apply"/> would return: to the bit, where nothing is asked of it but what is asked here. Nothing is changed.</summary>
    /// <param name="gradient">Flat gradient of the global batch, laid out as the parameters.</param>
    /// <param name="step">Number of the update, from 1.</param>
    /// <param name="learningRate">Rate of the step.</param>
    /// <param name="clipFactor">The gradient is multiplied by it first.</param>
    /// <param name="state">Checksums of weights and moments, which what is read is held against; null: nothing is checked.</param>
    /// <param name="ofGradient">Checksum of the gradient; null: it is not checked.</param>
    /// <returns>L2 norm of the change that the weights would see.</returns>
    /// <exception cref="CorruptionException">Something that was read had changed in memory.</exception>
    public double Preview(Tensor gradient, long step, double learningRate, double clipFactor, StateChecksum? state = null, FlatChecksum? ofGradient = null)
    {
        Validate(gradient, step, tensorFactors: null);
        using var threads = ComputeThreads.OneForTorch();
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var isReset = options.ResetsBefore(step);
        var none = isReset ? zeros_like(SecondMoment) : null;
        var (m, v) = (none ?? FirstMoment, none ?? SecondMoment);
        var plan = PlanOf(gradient, v, step, learningRate, clipFactor, tensorFactors: null);
        if (fused)
        {
            var (squares, found) = Fused(plan, gradient, m, v, isPreview: true, isChecked: state is not null);
            state?.VerifyRead(found, ofGradient, areMomentsRead: !isReset);
            return Math.Sqrt(squares);
        }

        state?.Verify(parameters.Weights, FirstMoment, SecondMoment, gradient, ofGradient);
        return Math.Sqrt(Composed(plan, gradient, parameters.Weights.clone(), m.clone(), v.clone()));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        FirstMoment.Dispose();
        SecondMoment.Dispose();
    }

    private void Validate(Tensor gradient, long step, IReadOnlyList<double>? tensorFactors)
    {
        ArgumentNullException.ThrowIfNull(gradient);
        ArgumentOutOfRangeException.ThrowIfLessThan(step, 1);
        if (tensorFactors is not null && tensorFactors.Count != byTensor.Length)
            throw new ArgumentException($"{byTensor.Length} tensors cannot have {tensorFactors.Count} factors.", nameof(tensorFactors));
    }

    private UpdatePlan PlanOf(Tensor gradient, Tensor v, long step, double learningRate, double clipFactor, IReadOnlyList<double>? tensorFactors)
    {
        var (correction1, correction2) = (1 - Math.Pow(options.Beta1, step), 1 - Math.Pow(options.Beta2, step));
        var constants = new NativeKernels.AdamWConstants(
            (float)options.Beta1, (float)options.Beta2, (float)options.Epsilon, (float)correction1, (float)correction2, (float)options.SpikeThresholdAt(step));
        var ranges = tensorFactors is null && !options.UpdateClipping ? byKind : byTensor;
        return new UpdatePlan(constants, correction1, correction2, [.. ranges.Select(Part)]);

        (Range, double, double) Part(Range range, int i)
        {
            var (clip, rate) = (clipFactor * (tensorFactors?[i] ?? 1), learningRate * options.RateFactor(step));
            return (range, clip, options.UpdateClipping ? rate / Math.Max(1, Ratio(gradient, v, range, clip, constants)) : rate);
        }
    }

    // Returns the sum of squares of the change, and the checksums of what was read and written.
    private unsafe (double Squares, ulong[] Checksums) Fused(UpdatePlan plan, Tensor gradient, Tensor m, Tensor v, bool isPreview, bool isChecked)
    {
        var ranges = plan.Parts.Select(part =>
            new NativeKernels.AdamWRange(part.Range.End, (float)part.Clip, (float)part.Rate, (float)(part.Range.Decays ? options.WeightDecay : 0))).ToArray();
        var checksums = isChecked ? new ulong[StateChecksum.Vectors * FlatSums.BlocksOf(gradient.numel())] : [];
        double squares;
        fixed (NativeKernels.AdamWRange* first = ranges)
        fixed (ulong* found = checksums)
        {
            var (w, g) = (parameters.Weights.Address(), gradient.Address());
            FusedKernels.Check(isPreview
                ? NativeKernels.ak_adamw_preview(gradient.numel(), w, g, m.Address(), v.Address(), plan.Constants, ranges.Length, first, found, out squares)
                : NativeKernels.ak_adamw(gradient.numel(), w, g, m.Address(), v.Address(), plan.Constants, ranges.Length, first, found, out squares));
        }

        GC.KeepAlive(gradient);
        return (squares, checksums);
    }

    // Root of the mean of g²/max(v̂, ε²) over one tensor, v̂ being the second moment with this gradient in it.
    private double Ratio(Tensor gradient, Tensor secondMoment, Range range, double clip, NativeKernels.AdamWConstants constants)
    {
        double squares;
        if (fused)
        {
            var bytes = (nint)(range.Offset * sizeof(float));
            squares = NativeKernels.ak_adamw_ratio(range.Length, gradient.Address() + bytes, secondMoment.Address() + bytes, constants, (float)clip);
            GC.KeepAlive(gradient);
            GC.KeepAlive(secondMoment);
        }
        else
        {
            using var scope = NewDisposeScope();
            using Scalar beta2 = options.Beta2, rest = 1 - options.Beta2, correction = (double)constants.Correction2, least = options.Epsilon * options.Epsilon;
            var v = secondMoment.narrow(0, range.Offset, range.Length);
            var g = Clipped(gradient.narrow(0, range.Offset, range.Length), v, clip, constants);
            var corrected = v.mul(beta2).addcmul_(g, g, rest).div(correction);
            squares = (g * g / corrected.clamp(min: least)).sum(ScalarType.Float64).item<double>();
        }

        return Math.Sqrt(squares / range.Elements);
    }

    private static Tensor Clipped(Tensor gradient, Tensor v, double clip, NativeKernels.AdamWConstants constants)
    {
        using Scalar factor = clip, spike = (double)constants.Spike, zero = 0;
        var g = gradient.mul(factor);
        if (constants.Spike == 0)
            return g;
        var limit = v.mul(spike).sqrt();
        return where(v.gt(zero), minimum(maximum(g, -limit), limit), g);
    }

    // Changes the vectors it is given, and returns the sum of squares of the change.
    private double Composed(UpdatePlan plan, Tensor gradient, Tensor weights, Tensor firstMoment, Tensor secondMoment)
    {
        double squares = 0;
        using Scalar beta1 = options.Beta1, rest1 = 1 - options.Beta1, beta2 = options.Beta2, rest2 = 1 - options.Beta2;
        using Scalar correction2 = plan.Correction2, epsilon = options.Epsilon;
        foreach (var (range, clip, rate) in plan.Parts)
        {
            using var scope = NewDisposeScope();
            using Scalar kept = 1 - rate * (range.Decays ? options.WeightDecay : 0), stride = -rate / plan.Correction1;
            Tensor Of(Tensor flat) => flat.narrow(0, range.Offset, range.Length);
            var (w, m, v) = (Of(weights), Of(firstMoment), Of(secondMoment));
            var g = Clipped(Of(gradient), v, clip, plan.Constants);
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

    // The gap behind a tensor belongs to its range.
    private static IEnumerable<Range> Ranges(FlatLayout layout)
    {
        for (var i = 0; i < layout.Entries.Count; i++)
        {
            var entry = layout.Entries[i];
            var end = i + 1 < layout.Entries.Count ? layout.Entries[i + 1].Offset : layout.Length;
            yield return new Range(entry.Offset, end, entry.Count, entry.Decays);
        }
    }

    // Neighbours of one kind are one range: a vector operation has a price however short it is.
    private static IEnumerable<Range> Merged(IEnumerable<Range> ranges)
    {
        Range? merged = null;
        foreach (var range in ranges)
        {
            if (merged is { } before && before.Decays != range.Decays)
                yield return before;
            merged = merged is { } same && same.Decays == range.Decays ? same with { End = range.End, Elements = same.Elements + range.Elements } : range;
        }

        if (merged is { } last)
            yield return last;
    }

    private sealed record UpdatePlan(
        NativeKernels.AdamWConstants Constants, double Correction1, double Correction2, IReadOnlyList<(Range Range, double Clip, double Rate)> Parts);

    private readonly record struct Range(long Offset, long End, long Elements, bool Decays)
    {
        public long Length => End - Offset;
    }
}

using ActorTrain.Models.Runtime;
using ActorTrain.Models.Storage;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Models.Optimization;

/// <summary>AdamW (Loshchilov &amp; Hutter 2019) over flat vectors, in one pass that includes gradient clipping.</summary>
public sealed class AdamW : IOptimizer
{
    private readonly FlatParameters parameters;
    private readonly Moments moments;
    private readonly AdamWOptions options;
    private readonly IAdamWForm form;
    private readonly FlatRange[] byTensor;
    private readonly FlatRange[] byKind;

    /// <param name="parameters">Not owned.</param>
    /// <param name="moments">Not owned.</param>
    /// <param name="fused">Whether to use the fused CPU kernel; null for where it is available and the parameters are on a CPU.</param>
    public AdamW(FlatParameters parameters, Moments moments, AdamWOptions options, bool? fused = null)
    {
        (this.parameters, this.moments, this.options) = (parameters, moments, options);
        form = fused ?? (FusedKernels.IsAvailable && parameters.Device.type == DeviceType.CPU) ? new FusedAdamW() : new ReferenceAdamW();
        byTensor = FlatRange.ByTensor(parameters.Layout);
        byKind = FlatRange.Merged(byTensor);
    }

    public double Apply(Update update)
    {
        using var threads = ComputeThreads.OneForTorch();
        using var _ = no_grad();
        var plan = PlanOf(update);
        update.Checksums?.MomentsWereReset = update.ResetMomentum;
        if (update.ResetMomentum)
            moments.Clear();
        var squares = form.Apply(plan, parameters.Weights, update.Gradient, moments.First, moments.Second, update.Checksums);
        parameters.WeightsChanged();
        return Math.Sqrt(squares);
    }

    public double Preview(Update update)
    {
        using var threads = ComputeThreads.OneForTorch();
        using var _ = no_grad();
        var plan = PlanOf(update);
        update.Checksums?.MomentsWereReset = update.ResetMomentum;
        using var zero = update.ResetMomentum ? zeros_like(moments.First) : null;
        var (m, v) = (zero ?? moments.First, zero ?? moments.Second);
        return Math.Sqrt(form.Preview(plan, parameters.Weights, update.Gradient, m, v, update.Checksums));
    }

    /// <summary>The root mean square of g / √max(v̂, ε²) of each tensor, where v̂ is the second moment including this gradient. No side
    /// effects.</summary>
    public double[] Ratios(Update update)
    {
        Validate(update);
        using var threads = ComputeThreads.OneForTorch();
        using var _ = no_grad();
        var longest = byTensor.Max(static range => range.Length);
        using var zero = update.ResetMomentum ? zeros(longest, dtype: float32, device: parameters.Device) : null;
        var constants = AdamWConstants.Of(options, update);
        return [.. byTensor.Select(Ratio)];

        double Ratio(FlatRange range, int i)
        {
            using var g = update.Gradient.narrow(0, range.Offset, range.Length);
            using var v = zero is null ? moments.Second.narrow(0, range.Offset, range.Length) : zero.narrow(0, 0, range.Length);
            return Math.Sqrt(form.Ratio(constants, g, v, update.ClipFactorOf(i)) / range.Elements);
        }
    }

    private AdamWPlan PlanOf(Update update)
    {
        Validate(update);
        var ranges = update.TensorFactors is null && update.RateDivisors is null ? byKind : byTensor;
        return new AdamWPlan(AdamWConstants.Of(options, update), [.. ranges.Select(Part)]);

        (FlatRange, double, double) Part(FlatRange range, int i) =>
            (range, update.ClipFactorOf(i), update.LearningRate / (update.RateDivisors?[i] ?? 1));
    }

    private void Validate(Update update)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(update.Number, 1);
        if (update.Gradient.numel() != parameters.Layout.Length)
        {
            throw new ArgumentException(
                $"A gradient of {update.Gradient.numel()} elements does not match {parameters.Layout.Length} parameters.", nameof(update));
        }

        Check(update.TensorFactors);
        Check(update.RateDivisors);

        void Check(IReadOnlyList<double>? ofTensors)
        {
            if (ofTensors is not null && ofTensors.Count != byTensor.Length)
                throw new ArgumentException($"{ofTensors.Count} factors do not match {byTensor.Length} tensors.", nameof(update));
        }
    }
}

using System.Collections.Immutable;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Options;

namespace ActorTrain.Actors.Spikes;

/// <summary>Floors and multiples without a source were chosen on the tuning traces of the benchmark, half way between the worst sound step
/// and the mildest bad one.</summary>
public sealed record RobustZOptions : WindowRuleOptions
{
    [Option("robust_z: veto when the loss is this many robust σ above its median", Key = "", Above = 0)]
    public double Z { get; init; } = 6;

    [Option("the same when the gradient norm is also {Z} robust σ above its median", Key = "joint", Above = 0)]
    public double JointZ { get; init; } = 2;

    /// <summary>Minimum standard deviation of the loss, as a fraction of its median: the spread of a quiet run is no measure of what harms
    /// it, and a batch of hard but sound text is an outlier by that spread.</summary>
    [Option("lower bound on σ of the loss, as a fraction of its median", Max = 10)]
    public double LossFloor { get; init; } = 0.1;

    [Option("lower bound on σ of the gradient norm, as a fraction of its median", Max = 10)]
    public double NormFloor { get; init; } = 0.2;

    /// <summary>A gradient norm above this multiple of its median is bad by itself. Sound runs reach several times the median with a stable
    /// loss; clipping handles those.</summary>
    [Option("robust_z: veto when the gradient norm reaches this multiple of its median, whatever the loss", Min = 1)]
    public double NormMultiple { get; init; } = 20;
}

/// <summary>Median + z robust standard deviations over a window of the last steps: for the loss, with a lower threshold if the gradient
/// norm is high too; and gradient norms that are a large multiple of their median.</summary>
/// <remarks>Source: Iglewicz and Hoaglin 1993, "How to Detect and Handle Outliers": the modified z-score, with 1.4826 · MAD, the median of
/// the distances from the median, for σ. It tolerates outliers in up to half of the window.</remarks>
public sealed class RobustZRule(RobustZOptions options) : WindowRule(options, WatchedSignals.LossAndNorm)
{
    public const string Id = "robust_z";

    // 1 / the third quartile of the normal distribution: scales the MAD of normal numbers to σ.
    private const double Normal = 1.4826;

    public override string Name => Id;

    protected override Finding? Find(StepSignals signals, IReadOnlyList<ImmutableArray<double>> windows)
    {
        ArgumentNullException.ThrowIfNull(signals);
        ArgumentNullException.ThrowIfNull(windows);

        // A policy has no level of either: both are 0 where all answers to a prompt are equally good, however rare others are.
        if (signals.Rollouts is not null)
            return null;
        var (losses, norms) = (windows[0], windows[1]);
        var (loss, lossSigma) = Spread(losses, options.LossFloor);
        var (norm, normSigma) = Spread(norms, options.NormFloor);
        var isJoint = signals.GradientNorm > norm + (options.Z * normSigma);
        var z = isJoint ? Math.Min(options.Z, options.JointZ) : options.Z;
        var also = isJoint ? $", with gradient norm {signals.GradientNorm:0.####} and median {norm:0.####}" : "";
        return Above(signals, SpikeSignal.Loss, loss + (z * lossSigma), $"the median {loss:0.####} of {losses.Length} steps plus "
            + $"{z} robust σ of {lossSigma:0.####}{also}")
            ?? Above(signals, SpikeSignal.GradientNorm, options.NormMultiple * norm,
                $"{options.NormMultiple} times the median {norm:0.####} of {norms.Length} steps");
    }

    private static (double Median, double Sigma) Spread(ImmutableArray<double> window, double floor)
    {
        var values = window.ToArray();
        var median = MedianOf(values);
        for (var i = 0; i < values.Length; i++)
            values[i] = Math.Abs(values[i] - median);
        return (median, Math.Max(Normal * MedianOf(values), floor * median));
    }

    private static double MedianOf(double[] values)
    {
        Array.Sort(values);
        var middle = values.Length / 2;
        return values.Length % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    }
}

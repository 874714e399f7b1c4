namespace ActorTrain.Actors.Spikes;

/// <summary>What <see cref="RobustZRule"/> depends on.</summary>
public sealed record RobustZOptions : WindowRuleOptions
{
    /// <summary>Robust standard deviations above the median that a step may show.</summary>
    public double Z { get; init; } = 6;

    /// <summary>The least that counts as one standard deviation of the loss, as a part of its median: the spread of a quiet run says nothing of what
    /// harms it, and a batch of hard but sound text is far out by that spread.</summary>
    public double LossFloor { get; init; } = 0.075;

    /// <summary>The same for the gradient norm, which spreads more by nature.</summary>
    public double NormFloor { get; init; } = 0.25;
}

/// <summary>Median + z robust standard deviations over a window of the last steps, for loss and gradient norm.</summary>
/// <remarks>Source: Iglewicz and Hoaglin 1993, "How to Detect and Handle Outliers": the modified z-score, with 1.4826 · MAD, the median of the
/// distances from the median, for σ. Half of the window may be outliers before it says anything else.</remarks>
/// <param name="options">How far and how wide.</param>
public sealed class RobustZRule(RobustZOptions options) : WindowRule(options)
{
    /// <summary>Its name.</summary>
    public const string Id = "robust_z";

    // 1 / the third quartile of the normal distribution: makes the MAD of normal numbers their σ.
    private const double Normal = 1.4826;

    /// <inheritdoc/>
    public override string Name => Id;

    /// <inheritdoc/>
    protected override (double Limit, string Words) LimitOf(SpikeSignal signal, ReadOnlySpan<double> window)
    {
        var sorted = window.ToArray();
        var median = MedianOf(sorted);
        for (var i = 0; i < sorted.Length; i++)
            sorted[i] = Math.Abs(sorted[i] - median);
        var sigma = Math.Max(Normal * MedianOf(sorted), (signal == SpikeSignal.Loss ? options.LossFloor : options.NormFloor) * median);
        var limit = median + (options.Z * sigma);
        return (limit, Words($"{limit:0.####}, the median {median:0.####} of {window.Length} steps and {options.Z} robust standard deviations of {sigma:0.####}"));
    }

    private static double MedianOf(double[] values)
    {
        Array.Sort(values);
        var middle = values.Length / 2;
        return values.Length % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    }
}

namespace ActorTrain.Host.Plotting;

/// <summary>One quantity over the steps of a run.</summary>
/// <param name="Steps">Steps in ascending order.</param>
/// <param name="Values">One value per step; those that are not finite leave a gap.</param>
public sealed record MetricsSeries(IReadOnlyList<double> Steps, IReadOnlyList<double> Values)
{
    /// <summary>A series of nothing.</summary>
    public static MetricsSeries Empty { get; } = new([], []);

    /// <summary>Number of points.</summary>
    public int Count => Math.Min(Steps.Count, Values.Count);

    /// <summary>The values that are numbers.</summary>
    public IEnumerable<double> Finite => Values.Take(Count).Where(double.IsFinite);

    /// <summary>
    /// The exponential moving average with the weight 2 / (<paramref name="window"/> + 1), divided by the sum of its weights so that it does not
    /// lean towards zero at the start (Kingma and Ba 2015, section 3).
    /// </summary>
    public MetricsSeries Smoothed(int window)
    {
        if (window <= 1)
            return this;
        var alpha = 2.0 / (window + 1);
        var (sum, weight) = (0.0, 0.0);
        var smooth = new double[Count];
        for (var i = 0; i < smooth.Length; i++)
        {
            if (!double.IsFinite(Values[i]))
            {
                smooth[i] = double.NaN;
                continue;
            }

            sum = (1 - alpha) * sum + alpha * Values[i];
            weight = (1 - alpha) * weight + alpha;
            smooth[i] = sum / weight;
        }

        return this with { Values = smooth };
    }
}

/// <summary>What a run's picture shows.</summary>
/// <param name="Title">Written above it.</param>
/// <param name="Loss">Training loss in nats per token.</param>
/// <param name="HeldOut">Loss on the held-out part.</param>
/// <param name="GradientNorm">Global norm before clipping.</param>
/// <param name="TokensPerSecond">Throughput.</param>
public sealed record RunMetrics(string Title, MetricsSeries Loss, MetricsSeries HeldOut, MetricsSeries GradientNorm, MetricsSeries TokensPerSecond);

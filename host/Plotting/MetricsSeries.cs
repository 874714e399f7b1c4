namespace ActorTrain.Host.Plotting;

/// <summary>One quantity over the steps of a run.</summary>
/// <param name="Steps">Ascending.</param>
/// <param name="Values">One per step; values that are not finite make a gap.</param>
public sealed record MetricsSeries(IReadOnlyList<double> Steps, IReadOnlyList<double> Values)
{
    public static MetricsSeries Empty { get; } = new([], []);

    public int Count => Math.Min(Steps.Count, Values.Count);

    public IEnumerable<double> Finite => Values.Take(Count).Where(double.IsFinite);

    /// <summary>The mean over a window centred on each point, so that a falling line is not delayed.</summary>
    /// <remarks>At the beginning, where losses fall steeply, the window shrinks on both sides alike; at the end only on the right. Gaps
    /// stay gaps.</remarks>
    /// <param name="window">Points to average; 1 or fewer leave the series unchanged.</param>
    public MetricsSeries Smoothed(int window)
    {
        if (window <= 1)
            return this;
        var sums = new double[Count + 1];
        var counts = new int[Count + 1];
        for (var i = 0; i < Count; i++)
        {
            var finite = double.IsFinite(Values[i]);
            sums[i + 1] = sums[i] + (finite ? Values[i] : 0);
            counts[i + 1] = counts[i] + (finite ? 1 : 0);
        }

        var smooth = new double[Count];
        for (var i = 0; i < smooth.Length; i++)
        {
            var from = i - Math.Min(window / 2, i);
            var to = i + Math.Min(i - from, Count - 1 - i) + 1;
            smooth[i] = double.IsFinite(Values[i]) ? (sums[to] - sums[from]) / (counts[to] - counts[from]) : double.NaN;
        }

        return this with { Values = smooth };
    }

    /// <summary>The points that are visible in a picture: per column the first, highest, lowest and last, and gaps.</summary>
    /// <param name="columns">Columns from the first step to the last.</param>
    public MetricsSeries Thinned(int columns)
    {
        if (Count <= 4 * columns)
            return this;
        var width = (Steps[Count - 1] - Steps[0]) / columns;
        List<int> kept = [];
        for (var from = 0; from < Count;)
        {
            var (to, high, low, gap) = (from, from, from, -1);
            for (; to < Count && Math.Floor((Steps[to] - Steps[0]) / width) == Math.Floor((Steps[from] - Steps[0]) / width); to++)
            {
                if (!double.IsFinite(Values[to]))
                    gap = to;
                high = Values[to] > Values[high] || !double.IsFinite(Values[high]) ? to : high;
                low = Values[to] < Values[low] || !double.IsFinite(Values[low]) ? to : low;
            }

            kept.AddRange(new[] { from, high, low, gap, to - 1 }.Where(static point => point >= 0).Distinct().Order());
            from = to;
        }

        return new MetricsSeries([.. kept.Select(point => Steps[point])], [.. kept.Select(point => Values[point])]);
    }
}

/// <param name="Title">Written above the picture.</param>
/// <param name="Loss">Training loss in nats per token.</param>
public sealed record RunMetrics(
    string Title, MetricsSeries Loss, MetricsSeries Validation, MetricsSeries GradientNorm, MetricsSeries TokensPerSecond)
{
    public IReadOnlyList<MetricsSeries> AbandonedLoss { get; init; } = [];

    public IReadOnlyList<MetricsSeries> AbandonedNorm { get; init; } = [];

    /// <summary>Null for a run without rollouts.</summary>
    public RolloutMetrics? Rollouts { get; init; }
}

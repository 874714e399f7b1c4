using ActorTrain.Persistence.Logs;
using ActorTrain.Persistence.Metrics;

namespace ActorTrain.Host.Plotting;

/// <summary>One quantity over the abandoned steps, as few lines, so that thousands of restarts do not slow drawing.</summary>
internal static class AbandonedSeries
{
    /// <summary>Adjacent pieces become one line with gaps; points that another piece contains are drawn once.</summary>
    public static IReadOnlyList<MetricsSeries> Of(IReadOnlyList<AbandonedRows<MetricsRow>> abandoned, Func<StepMetrics, double> value)
    {
        var shown = new HashSet<(long Step, double Value)>();
        List<(List<double> Steps, List<double> Values)> lines = [];
        foreach (var piece in abandoned)
        {
            StepMetrics[] rows =
                [.. piece.Rows.Select(static row => row.Row).OfType<StepMetrics>().Where(row => shown.Add((row.Step, value(row))))];
            if (rows.Length == 0)
                continue;
            var line = lines.Find(line => line.Steps[^1] < rows[0].Step - 1);
            if (line.Steps is null)
                lines.Add(line = ([], []));
            foreach (var row in rows)
                Add(line, row.Step, value(row));
        }

        return [.. lines.Select(static line => new MetricsSeries(line.Steps, line.Values))];
    }

    // A line has a gap at missing steps.
    private static void Add((List<double> Steps, List<double> Values) line, long step, double value)
    {
        if (line.Steps is [.., var last] && last < step - 1)
        {
            line.Steps.Add(last + 1);
            line.Values.Add(double.NaN);
        }

        line.Steps.Add(step);
        line.Values.Add(value);
    }
}

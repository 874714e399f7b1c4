using ActorTrain.Models;

namespace ActorTrain.Host.Plotting;

/// <param name="Smooth">Steps over which lines are smoothed; 1 draws them raw, 0 chooses by the number of steps.</param>
/// <param name="LinearLoss">A linear instead of a logarithmic axis for the loss.</param>
public sealed record PlotOptions(int Smooth = 0, bool LinearLoss = false);

/// <summary>Plots loss, gradient norm and throughput of a run over the same steps, and the figures of its rollouts.</summary>
public static class RunPlot
{
    // A single norm of this multiple of the usual one would make the others invisible.
    private const double SpikyRatio = 20;

    /// <summary>Writes the picture atomically, as SVG or PNG by the file name's extension.</summary>
    /// <exception cref="UserErrorException">There is nothing to draw, or the file cannot be written.</exception>
    public static void Save(RunMetrics metrics, PlotOptions options, string path)
    {
        ArgumentNullException.ThrowIfNull(metrics);
        ArgumentNullException.ThrowIfNull(path);
        if (!metrics.Loss.Finite.Any())
            throw new UserErrorException($"There is nothing to plot for '{metrics.Title}' yet: its metrics have no step; train it first.");
        Draw(metrics, options).Save(path, "--output");
    }

    internal static Picture Draw(RunMetrics metrics, PlotOptions options)
    {
        var window = options.Smooth > 0 ? options.Smooth : Math.Max(1, metrics.Loss.Count / 50);
        var abandoned = metrics.AbandonedLoss.SelectMany(static series => series.Steps);
        var steps = metrics.Loss.Steps.Concat(metrics.Validation.Steps).Concat(abandoned).DefaultIfEmpty(0).ToList();
        var (from, to) = (steps.Min(), steps.Max());
        var picture = new Picture();

        List<double> losses =
            [.. metrics.Loss.Finite, .. metrics.Validation.Finite, .. metrics.AbandonedLoss.SelectMany(static series => series.Finite)];
        var isLogarithmic = !options.LinearLoss && metrics.Rollouts is null && Chart.IsLogarithmic(losses);
        var loss = picture.Add(Chart.New(metrics.Title, size: 20), 340);
        loss.YLabel(metrics.Rollouts is not null ? "policy loss"
            : isLogarithmic ? "loss, nats per token (log scale)" : "loss, nats per token", 13);
        loss.Abandoned(metrics.AbandonedLoss, "abandoned", isLogarithmic);
        loss.Series(metrics.Loss, window, Chart.Blue, window > 1 ? $"training, over {window} steps" : "training", isLogarithmic);
        if (metrics.Validation.Count > 0)
            loss.Line(metrics.Validation, 1.4f, Chart.Orange, "validation", isLogarithmic, markers: 8);
        loss.ShowLegend(ScottPlot.Alignment.UpperRight);
        loss.Up(losses, isLogarithmic);
        loss.Steps(from, to);
        if (metrics.Rollouts is { } rollouts)
            RolloutCharts.Add(picture, rollouts, window, from, to);

        List<double> norms =
            [.. metrics.GradientNorm.Finite.Concat(metrics.AbandonedNorm.SelectMany(static series => series.Finite)).Order()];
        var isSpiky = norms.Count > 0 && norms[0] > 0 && norms[^1] > SpikyRatio * norms[norms.Count / 2];
        var norm = picture.Add(Chart.New(isSpiky ? "gradient norm, before clipping (log scale)" : "gradient norm, before clipping"), 170);
        norm.Abandoned(metrics.AbandonedNorm, isLogarithmic: isSpiky);
        norm.Series(metrics.GradientNorm, window, Chart.Purple, isLogarithmic: isSpiky);
        norm.Up(norms, isSpiky, isFromZero: !isSpiky);
        norm.Steps(from, to);

        var throughput = picture.Add(Chart.New("throughput, tokens per second"), 190);
        throughput.Series(metrics.TokensPerSecond, window, Chart.Green);
        throughput.Up([.. metrics.TokensPerSecond.Finite], isFromZero: true);
        throughput.Across("step");
        throughput.Steps(from, to);
        return picture;
    }
}

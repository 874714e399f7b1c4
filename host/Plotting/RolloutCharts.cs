using ActorTrain.Models.PostTraining.Policies;
using ActorTrain.Models.Rollouts;
using ActorTrain.Persistence.Metrics;

namespace ActorTrain.Host.Plotting;

/// <summary>Figures of the rollouts of a run over its steps.</summary>
/// <param name="Parts">Of the reward, by name, without their weights; empty where there is only one.</param>
/// <param name="Divergence">KL divergence from the base model in nats per completion; empty if it was not computed.</param>
/// <param name="Length">Mean tokens of a completion.</param>
/// <param name="Ended">Share of completions that have their end token.</param>
/// <param name="Entropy">In nats per token.</param>
/// <param name="Ratio">Mean ratio of the policy to the one that sampled; empty if it is the same.</param>
/// <param name="ClipFraction">Share of tokens that the clip acts on; empty likewise.</param>
public sealed record RolloutMetrics(
    MetricsSeries Reward, IReadOnlyList<(string Name, MetricsSeries Series)> Parts, MetricsSeries Divergence, MetricsSeries Length,
    MetricsSeries Ended, MetricsSeries Entropy, MetricsSeries Ratio, MetricsSeries ClipFraction)
{
    /// <summary>Null for a run without rollouts.</summary>
    /// <param name="parts">Names of the parts of the reward.</param>
    public static RolloutMetrics? Of(IReadOnlyList<StepMetrics> steps, IReadOnlyList<string> parts)
    {
        StepMetrics[] rows = [.. steps.Where(static row => row.Rollouts is not null)];
        var moves = rows.Any(static row => row.Policy is { LargestLogRatio: not 0 });
        return rows.Length == 0 ? null : new RolloutMetrics(
            Series(static rollouts => rollouts.Reward),
            parts.Count < 2 ? [] : [.. parts.Select((name, part) => (name, Series(rollouts => rollouts.Parts[part])))],
            rows[0].Rollouts!.Divergence is null ? MetricsSeries.Empty : Series(static rollouts => rollouts.Divergence ?? double.NaN),
            Series(static rollouts => rollouts.Length),
            Series(static rollouts => rollouts.Ended),
            Series(static rollouts => rollouts.Entropy),
            OfPolicy(static policy => policy.Ratio),
            OfPolicy(static policy => policy.ClipFraction));

        MetricsSeries Series(Func<RolloutSummary, double> figure) =>
            new([.. rows.Select(static row => (double)row.Step)], [.. rows.Select(row => figure(row.Rollouts!))]);

        MetricsSeries OfPolicy(Func<PolicyFigures, double> figure) => !moves ? MetricsSeries.Empty
            : new([.. rows.Select(static row => (double)row.Step)], [.. rows.Select(row => figure(row.Policy ?? default))]);
    }
}

/// <summary>Draws them, a chart for each.</summary>
internal static class RolloutCharts
{
    private const float Height = 150;

    // Of the parts of a reward, in turn.
    private static readonly ScottPlot.Color[] Colors = [Chart.Orange, Chart.Purple, Chart.Green, Chart.Grey];

    public static void Add(Picture picture, RolloutMetrics rollouts, int window, double from, double to)
    {
        var reward = picture.Add(Chart.New("reward, mean over the step"), 240);
        foreach (var (part, (name, series)) in rollouts.Parts.Index())
            reward.Line(series.Smoothed(window), 1.4f, Colors[part % Colors.Length], name);
        reward.Series(rollouts.Reward, window, Chart.Blue, rollouts.Parts.Count > 0 ? "reward" : "");
        if (rollouts.Parts.Count > 0)
            reward.ShowLegend(ScottPlot.Alignment.LowerRight);
        reward.Up([.. rollouts.Reward.Finite, .. rollouts.Parts.SelectMany(static part => part.Series.Finite)]);
        reward.Steps(from, to);
        if (rollouts.Divergence.Count > 0)
            One("KL divergence from the base model, nats per completion", rollouts.Divergence, Chart.Orange);
        One("completion length, tokens", rollouts.Length, Chart.Green, isFromZero: true);
        One("share of completions with an end token", rollouts.Ended, Chart.Grey);
        One("entropy, nats per token", rollouts.Entropy, Chart.Purple, isFromZero: true);
        if (rollouts.Ratio.Count > 0)
        {
            One("mean ratio of the policy to the one that sampled", rollouts.Ratio, Chart.Blue);
            One("share of tokens that the clip acts on", rollouts.ClipFraction, Chart.Orange, isFromZero: true);
        }

        void One(string title, MetricsSeries series, ScottPlot.Color color, bool isFromZero = false)
        {
            var chart = picture.Add(Chart.New(title), Height);
            chart.Series(series, window, color);
            chart.Up([.. series.Finite], isFromZero: isFromZero);
            chart.Steps(from, to);
        }
    }
}

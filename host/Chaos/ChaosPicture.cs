using System.Globalization;
using ActorTrain.Chaos;
using ActorTrain.Host.Plotting;
using ActorTrain.Models;
using ActorTrain.Persistence.Metrics;
using ActorTrain.Persistence.Runs;
using ScottPlot;

namespace ActorTrain.Host.Chaos;

/// <summary>Plots the losses of the compared runs, with the faults.</summary>
internal static class ChaosPicture
{
    // Per letter of a fault's name, in units.
    private const double LetterWidth = 6.5;
    private const float RowHeight = 16;

    /// <summary>Writes the picture, as SVG or PNG by the file name's extension.</summary>
    /// <exception cref="UserErrorException">It cannot be written.</exception>
    public static void Save(string title, ChaosOutcome undisturbed, ChaosOutcome disturbed, ChaosOutcome? unanswered,
        ChaosSchedule schedule, string path) =>
        Draw(title, Loss(undisturbed.Directory), Loss(disturbed.Directory), unanswered is null ? null : Loss(unanswered.Directory),
            Marks(schedule, disturbed)).Save(path, "--picture");

    internal static Picture Draw(string title, MetricsSeries undisturbed, MetricsSeries disturbed, MetricsSeries? unanswered,
        IReadOnlyList<(long Step, string Kind)> marks)
    {
        var all = new[] { undisturbed, disturbed, unanswered ?? MetricsSeries.Empty };
        var steps = all.SelectMany(static series => series.Steps).DefaultIfEmpty(0).ToList();
        var (from, to) = (steps.Min(), steps.Max());
        var picture = new Picture();
        var chart = picture.Add(Chart.New(title, size: 20), 430);
        chart.YLabel("training loss, nats per token", 13);
        if (unanswered is not null)
            chart.Line(unanswered, 2, Chart.Orange, "the same poisoned data, without spike rules");
        chart.Line(undisturbed, 5, Chart.Grey, "undisturbed");
        chart.Line(disturbed, 2, Chart.Blue, "all faults, with ActorTrain's recovery");
        foreach (var (step, _) in marks)
            chart.Add.VerticalLine(step, 1, Chart.Purple.WithAlpha(0.4));
        chart.ShowLegend(Alignment.UpperRight);
        chart.Up([.. all.SelectMany(static series => series.Finite)]);
        chart.Steps(from, to);
        var names = Names(marks, to, (Math.Max(to, from + 1) - from) / Picture.Width);
        var faults = picture.Add(Faults(names), 95 + RowHeight * Depth(names));
        faults.Steps(from, to);
        faults.Across("step");
        return picture;
    }

    private static Plot Faults(List<FaultName> names)
    {
        var chart = Chart.New("");
        foreach (var name in names)
        {
            chart.Add.Marker(name.Step, -name.Row, MarkerShape.FilledCircle, 5, Chart.Purple);
            var text = chart.Add.Text(name.Kind, name.Step, -name.Row);
            (text.LabelFontColor, text.LabelFontSize, text.LabelAlignment, text.OffsetX) =
                (Chart.Purple, 11, name.IsBefore ? Alignment.MiddleRight : Alignment.MiddleLeft, name.IsBefore ? -6 : 6);
        }

        chart.HideGrid();
        chart.Axes.Left.IsVisible = false;
        chart.Axes.SetLimitsY(-Depth(names) - 0.5, 0.5);
        return chart;
    }

    private static int Depth(List<FaultName> names) => names.Select(static name => name.Row).DefaultIfEmpty(0).Max();

    // Names are staggered in rows so that neighbours do not overlap, and placed left of their step if there is no room on the right.
    private static List<FaultName> Names(IReadOnlyList<(long Step, string Kind)> marks, double last, double stepsPerUnit)
    {
        List<double> ends = [];
        List<FaultName> names = [];
        foreach (var (step, kind) in marks)
        {
            var width = (LetterWidth * kind.Length + 14) * stepsPerUnit;
            var isBefore = step + width > last;
            var row = ends.FindIndex(end => end <= (isBefore ? step - width : step));
            if (row < 0)
            {
                row = ends.Count;
                ends.Add(0);
            }

            ends[row] = isBefore ? step + 14 * stepsPerUnit : step + width;
            names.Add(new FaultName(step, kind, row, isBefore));
        }

        return names;
    }

    private static MetricsSeries Loss(RunDirectory run)
    {
        var rows = MetricsLog.Read(run.MetricsFile).OfType<StepMetrics>().ToList();
        return new MetricsSeries([.. rows.Select(static row => (double)row.Step)], [.. rows.Select(static row => row.Loss)]);
    }

    private static List<(long Step, string Kind)> Marks(ChaosSchedule schedule, ChaosOutcome disturbed) =>
    [
        .. disturbed.Fired.OrderBy(static fired => fired.Step)
            .Select(fired => (fired.Step + 1, schedule.Faults.First(fault => fault.Number == fired.Fault)))
            .GroupBy(static pair => (pair.Item1, pair.Item2.Kind))
            .Select(static same => (same.Key.Item1, same.Count() == 1 ? same.Key.Kind
                : string.Create(CultureInfo.InvariantCulture, $"{same.Count()} × {same.Key.Kind}"))),
    ];

    private sealed record FaultName(long Step, string Kind, int Row, bool IsBefore);
}

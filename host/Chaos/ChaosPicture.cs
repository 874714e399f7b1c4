using System.Globalization;
using ActorTrain.Host.Plotting;
using ActorTrain.Models;
using ActorTrain.Persistence.Metrics;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Chaos;

/// <summary>Draws the loss of the runs that were compared over one another, with the faults.</summary>
internal static class ChaosPicture
{
    private const int Width = 960, Height = 600;
    private const double Left = 76, Right = 24, Top = 108, PanelHeight = 330;
    private const double PanelWidth = Width - Left - Right;

    private static readonly Rgba Paper = Rgba.Hex(0xFFFFFF), PanelPaper = Rgba.Hex(0xF7F8FA), Rule = Rgba.Hex(0xE1E4E9), Ink = Rgba.Hex(0x1F2430), Pale = Rgba.Hex(0x667080);
    private static readonly Rgba Blue = Rgba.Hex(0x2563C9), Orange = Rgba.Hex(0xE0662B), Grey = Rgba.Hex(0x9AA3B0), Purple = Rgba.Hex(0x7A4FBF);

    /// <summary>Writes the picture, as SVG or PNG by the name's ending.</summary>
    /// <exception cref="UserErrorException">It cannot be written.</exception>
    public static void Save(string title, ChaosOutcome undisturbed, ChaosOutcome disturbed, ChaosOutcome? unanswered, ChaosSchedule schedule, string path)
    {
        PictureFile.Save(path, Width, Height, "--picture", canvas => Draw(
            title, Loss(undisturbed.Directory), Loss(disturbed.Directory), unanswered is null ? null : Loss(unanswered.Directory), Marks(schedule, disturbed), canvas));
    }

    internal static void Draw(string title, MetricsSeries undisturbed, MetricsSeries disturbed, MetricsSeries? unanswered, IReadOnlyList<(long Step, string Kind)> marks, ICanvas canvas)
    {
        var all = new[] { undisturbed, disturbed, unanswered ?? MetricsSeries.Empty };
        var steps = all.SelectMany(static series => series.Steps).ToList();
        var across = steps.Count == 0 ? Axis.Between(0, 1) : Axis.Between(steps.Min(), steps.Max());
        canvas.Rectangle(0, 0, Width, Height, Paper);
        canvas.Text(title, new Spot(Left, 34), 20, Ink, bold: true);
        var x = Left;
        x = Legend(canvas, x, Grey, 5, "undisturbed");
        x = Legend(canvas, x, Blue, 2, "every fault, with ActorTrain's answer");
        if (unanswered is not null)
            Legend(canvas, x, Orange, 2, "the same poison, with no answer");

        var panel = new PlotPanel(canvas, new Spot(Left, Top), PanelWidth, PanelHeight, across, Axis.Around(all.SelectMany(static series => series.Finite)));
        panel.Frame("training loss, nats per token", ticks: 6, PanelPaper, Rule, Ink, Pale);
        if (unanswered is not null)
            panel.Series(unanswered, 1, Orange, "poisoned, no answer");
        panel.Thick(undisturbed, Grey with { Alpha = 0.7 }, 5, "undisturbed");
        panel.Series(disturbed, 1, Blue, "every fault, answered");
        panel.Across("step", Ink, Pale);

        // Names stand in rows below, so that neighbours do not cover one another.
        var ends = new List<double>();
        foreach (var (step, kind) in marks)
        {
            var width = StrokeFont.Width(kind, 11) + 14;
            var at = Math.Min(At(step), Left + PanelWidth - width + 6);
            var row = ends.FindIndex(end => end <= at);
            if (row < 0)
            {
                row = ends.Count;
                ends.Add(0);
            }

            ends[row] = at + width;
            var y = Top + PanelHeight + 66 + 15 * row;
            canvas.Line([new Spot(At(step), Top), new Spot(At(step), y - 4)], Purple with { Alpha = 0.4 }, 1);
            canvas.Disc(new Spot(At(step), y - 4), 2.5, Purple);
            canvas.Text(kind, new Spot(at + 6, y), 11, Purple);
        }

        double At(long step) => Left + across.Place(step) * PanelWidth;
    }

    private static double Legend(ICanvas canvas, double x, Rgba color, double thickness, string text)
    {
        canvas.Line([new Spot(x, 58), new Spot(x + 22, 58)], color, thickness);
        canvas.Text(text, new Spot(x + 30, 62), 13, Ink);
        return x + 30 + text.Length * 7.2 + 24;
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
            .Select(static same => (same.Key.Item1, same.Count() == 1 ? same.Key.Kind : string.Create(CultureInfo.InvariantCulture, $"{same.Count()} × {same.Key.Kind}"))),
    ];
}

using ActorTrain.Actors.Goodput;
using ActorTrain.Host.Progress;
using ActorTrain.Host.Reports;
using ActorTrain.Persistence.Goodput;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace ActorTrain.Host.Plotting;

/// <summary>Plots the time account of a run: columns over time, divided by activity, and one bar per activity for the whole.</summary>
public static class GoodputPlot
{
    private const int Columns = 172;
    private const float RowHeight = 26;

    /// <summary>Writes the picture atomically, as SVG or PNG by the file name's extension.</summary>
    /// <exception cref="ActorTrain.Models.UserErrorException">The file cannot be written.</exception>
    public static void Save(string title, IReadOnlyList<GoodputRow> rows, GoodputReport report, string path) =>
        Draw(title, rows, report).Save(path, "--plot");

    internal static Picture Draw(string title, IReadOnlyList<GoodputRow> rows, GoodputReport report)
    {
        var picture = new Picture();
        picture.Add(OverTime(title, rows, report), 360);
        picture.Add(ByActivity(report), 60 + RowHeight * Activities(report).Count);
        return picture;
    }

    internal static Color ColorOf(GoodputActivity activity) => activity switch
    {
        GoodputActivity.NewSteps => Color.FromHex("#218A5B"),
        GoodputActivity.RedoneSteps => Color.FromHex("#9BC53D"),
        GoodputActivity.WaitingForData => Color.FromHex("#38B6C9"),
        GoodputActivity.Generating => Color.FromHex("#7CC26B"),
        GoodputActivity.Evaluating => Color.FromHex("#2563C9"),
        GoodputActivity.Saving => Color.FromHex("#7A4FBF"),
        GoodputActivity.Recovering => Color.FromHex("#E0662B"),
        GoodputActivity.Paused => Color.FromHex("#E8B923"),
        GoodputActivity.Starting => Color.FromHex("#A3ABB8"),
        GoodputActivity.Ending => Color.FromHex("#667080"),
        _ => Color.FromHex("#1F2430"),
    };

    /// <summary>Fraction of each column's time per activity; a row is spread evenly over its time.</summary>
    internal static double[,] Spread(IReadOnlyList<GoodputRow> rows, GoodputReport report, int columns)
    {
        var parts = new double[columns, Enum.GetValues<GoodputActivity>().Length];
        var whole = (report.To - report.From).Ticks;
        if (whole <= 0)
            return parts;
        DateTimeOffset? reached = null;
        foreach (var row in rows)
        {
            if (reached is { } gap && row.From > gap)
                Add(gap, row.From, [new GoodputShare(GoodputActivity.Down, null, row.From - gap)]);
            Add(row.From, row.To, row.Shares);
            reached = row.To;
        }

        return parts;

        void Add(DateTimeOffset from, DateTimeOffset to, IReadOnlyList<GoodputShare> shares)
        {
            var (first, last) = ((double)(from - report.From).Ticks / whole * columns, (double)(to - report.From).Ticks / whole * columns);
            for (var column = Math.Max(0, (int)first); column < Math.Min(columns, Math.Ceiling(last)); column++)
            {
                var overlap = Math.Min(last, column + 1) - Math.Max(first, column);
                foreach (var share in shares)
                    parts[column, (int)share.Activity] += overlap * (share.Time / (to - from));
            }
        }
    }

    private static Plot OverTime(string title, IReadOnlyList<GoodputRow> rows, GoodputReport report)
    {
        var wall = (report.To - report.From).TotalSeconds;
        var (unit, name) = wall switch
        {
            > 2 * 86400 => (86400.0, "days"),
            > 2 * 3600 => (3600.0, "hours"),
            > 300 => (60.0, "minutes"),
            _ => (1.0, "seconds")
        };
        var width = Math.Max(wall, 1) / unit / Columns;
        var parts = Spread(rows, report, Columns);
        List<Bar> bars = [];
        for (var column = 0; column < Columns; column++)
        {
            var bottom = 0.0;
            foreach (var activity in Enum.GetValues<GoodputActivity>().Where(activity => parts[column, (int)activity] > 0))
            {
                var top = bottom + 100 * parts[column, (int)activity];
                bars.Add(new Bar
                {
                    Position = (column + 0.5) * width,
                    Size = width,
                    ValueBase = bottom,
                    Value = top,
                    FillColor = ColorOf(activity),
                    LineWidth = 0
                });
                bottom = top;
            }
        }

        var chart = Chart.New(title, size: 20);
        chart.Add.Bars(bars);
        chart.YLabel("share of time, %", 13);
        chart.Axes.SetLimitsY(0, 100);
        chart.Axes.SetLimitsX(0, Math.Max(wall, 1) / unit);
        chart.Across($"{name} since the start");
        return chart;
    }

    private static Plot ByActivity(GoodputReport report)
    {
        var activities = Activities(report);
        var chart = Chart.New(
            $"ETTR {100 * report.Ettr:0.0}%, {report.NewSteps} steps, {report.LostSteps} "
                + $"lost steps, {report.Failures} failures");
        var bars = chart.Add.Bars((Bar[])[.. activities.Select((activity, row) => new Bar
        {
            Position = -row,
            Value = 100 * PartOf(activity),
            Size = 0.6,
            Orientation = Orientation.Horizontal,
            FillColor = ColorOf(activity),
            LineWidth = 0,
            Label = $"{Figures.Percent(PartOf(activity))}  {report.TimeOf(activity).TotalSeconds:0.0} s",
        })]);
        bars.ValueLabelStyle.ForeColor = Chart.Pale;
        chart.Axes.Left.TickGenerator =
            new NumericManual([.. activities.Select(static (activity, row) => new Tick(-row, GoodputText.InWords(activity)))]);
        chart.HideGrid();
        chart.Axes.Bottom.IsVisible = false;
        chart.Layout.Fixed(new PixelPadding(left: 170, right: 24, bottom: 26, top: 31));

        // Room for the label of the longest bar.
        chart.Axes.SetLimits(0, 125, -activities.Count + 0.5, 0.5);
        return chart;

        double PartOf(GoodputActivity activity) => report.Wall > TimeSpan.Zero ? report.TimeOf(activity) / report.Wall : 0;
    }

    private static List<GoodputActivity> Activities(GoodputReport report) =>
        [.. Enum.GetValues<GoodputActivity>().Where(activity => report.TimeOf(activity) > TimeSpan.Zero)];
}

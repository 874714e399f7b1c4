using System.Globalization;
using ActorTrain.Actors.Goodput;
using ActorTrain.Host.Progress;
using ActorTrain.Host.Reports;
using ActorTrain.Persistence.Goodput;

namespace ActorTrain.Host.Plotting;

/// <summary>Draws where the time of a run went: columns over time, each cut by what its time went into, and the whole as one bar per activity.</summary>
public static class GoodputPlot
{
    /// <summary>Width of the picture in units.</summary>
    public const int Width = 960;

    private const double Left = 76;
    private const double Right = 24;
    private const double PanelTop = 92;
    private const double PanelHeight = 250;
    private const double PanelWidth = Width - Left - Right;
    private const double RowHeight = 24;
    private const double BarsTop = PanelTop + PanelHeight + 76;
    private const double NameWidth = 150;
    private const double FigureWidth = 170;
    private const int Columns = 172;

    private static readonly Rgba Paper = Rgba.Hex(0xFFFFFF);
    private static readonly Rgba PanelPaper = Rgba.Hex(0xF7F8FA);
    private static readonly Rgba Rule = Rgba.Hex(0xE1E4E9);
    private static readonly Rgba Ink = Rgba.Hex(0x1F2430);
    private static readonly Rgba Pale = Rgba.Hex(0x667080);

    /// <summary>Height of the picture in units, a row for each activity that there was.</summary>
    public static int HeightOf(GoodputReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        return (int)(BarsTop + RowHeight * Activities(report).Count + 16);
    }

    /// <summary>Writes the picture to a file, as SVG or PNG by the name's ending. The file appears whole or not at all.</summary>
    /// <exception cref="ActorTrain.Models.UserErrorException">The file cannot be written.</exception>
    public static void Save(string title, IReadOnlyList<GoodputRow> rows, GoodputReport report, string path) =>
        PictureFile.Save(path, Width, HeightOf(report), "--plot", canvas => Draw(title, rows, report, canvas));

    /// <summary>Draws on a canvas of <see cref="Width"/> × <see cref="HeightOf"/>.</summary>
    public static void Draw(string title, IReadOnlyList<GoodputRow> rows, GoodputReport report, ICanvas canvas)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(canvas);
        canvas.Rectangle(0, 0, Width, HeightOf(report), Paper);
        canvas.Text(title, new Spot(Left, 34), 20, Ink, bold: true);
        canvas.Text(
            string.Create(CultureInfo.InvariantCulture, $"ETTR {100 * report.Ettr:0.0}%, {report.NewSteps} steps, {report.LostSteps} steps lost and redone, failures: {report.Failures}"),
            new Spot(Left, 56), 13, Pale);
        canvas.Text("where the time went", new Spot(Left, PanelTop - 12), 13, Ink, bold: true);
        canvas.Rectangle(Left, PanelTop, PanelWidth, PanelHeight, PanelPaper);
        DrawColumns(rows, report, canvas);
        DrawAxes(report, canvas);
        DrawBars(report, canvas);
    }

    /// <summary>The colour of an activity.</summary>
    internal static Rgba ColorOf(GoodputActivity activity) => activity switch
    {
        GoodputActivity.NewSteps => Rgba.Hex(0x218A5B),
        GoodputActivity.RedoneSteps => Rgba.Hex(0x9BC53D),
        GoodputActivity.WaitingForData => Rgba.Hex(0x38B6C9),
        GoodputActivity.Evaluating => Rgba.Hex(0x2563C9),
        GoodputActivity.Saving => Rgba.Hex(0x7A4FBF),
        GoodputActivity.Recovering => Rgba.Hex(0xE0662B),
        GoodputActivity.Paused => Rgba.Hex(0xE8B923),
        GoodputActivity.Starting => Rgba.Hex(0xA3ABB8),
        GoodputActivity.Ending => Rgba.Hex(0x667080),
        _ => Rgba.Hex(0x1F2430),
    };

    /// <summary>Parts of each column's time, activity by activity; what a row says is spread evenly over its time.</summary>
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

    private static void DrawColumns(IReadOnlyList<GoodputRow> rows, GoodputReport report, ICanvas canvas)
    {
        var parts = Spread(rows, report, Columns);
        const double Step = PanelWidth / Columns;
        for (var column = 0; column < Columns; column++)
        {
            var bottom = PanelTop + PanelHeight;
            foreach (var activity in Enum.GetValues<GoodputActivity>())
            {
                var height = PanelHeight * parts[column, (int)activity];
                if (height < 0.02)
                    continue;
                canvas.Rectangle(Left + column * Step, bottom - height, Step, height, ColorOf(activity));
                bottom -= height;
            }
        }
    }

    private static void DrawAxes(GoodputReport report, ICanvas canvas)
    {
        foreach (var percent in new[] { 0, 50, 100 })
        {
            var y = PanelTop + PanelHeight * (1 - percent / 100.0);
            canvas.Line([new Spot(Left, y), new Spot(Left + PanelWidth, y)], Rule, 1);
            canvas.Text($"{percent}%", new Spot(Left - 9, y + 4), 12, Pale, TextAnchor.End);
        }

        var wall = (report.To - report.From).TotalSeconds;
        var (unit, name) = wall switch { > 2 * 86400 => (86400.0, "days"), > 2 * 3600 => (3600.0, "hours"), > 300 => (60.0, "minutes"), _ => (1.0, "seconds") };
        var across = Axis.Between(0, wall / unit);
        foreach (var tick in across.Ticks(8))
            canvas.Text(Axis.Label(tick), new Spot(Left + PanelWidth * across.Place(tick), PanelTop + PanelHeight + 18), 12, Pale, TextAnchor.Middle);
        canvas.Text($"{name} since the beginning", new Spot(Left + PanelWidth / 2, PanelTop + PanelHeight + 42), 13, Ink, TextAnchor.Middle);
    }

    private static void DrawBars(GoodputReport report, ICanvas canvas)
    {
        const double Full = PanelWidth - NameWidth - FigureWidth;
        var y = BarsTop;
        foreach (var activity in Activities(report))
        {
            var time = report.TimeOf(activity);
            var part = report.Wall > TimeSpan.Zero ? time / report.Wall : 0;
            canvas.Text(GoodputText.InWords(activity), new Spot(Left, y + 13), 13, Ink);
            canvas.Rectangle(Left + NameWidth, y + 2, Math.Max(1, Full * part), RowHeight - 9, ColorOf(activity));
            canvas.Text(
                string.Create(CultureInfo.InvariantCulture, $"{Figures.Percent(part)}  {time.TotalSeconds:0.0} s"),
                new Spot(Left + NameWidth + Math.Max(1, Full * part) + 9, y + 13), 12, Pale);
            y += RowHeight;
        }
    }

    private static List<GoodputActivity> Activities(GoodputReport report) =>
        [.. Enum.GetValues<GoodputActivity>().Where(activity => report.TimeOf(activity) > TimeSpan.Zero)];
}

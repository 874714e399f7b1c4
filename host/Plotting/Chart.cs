using System.Globalization;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace ActorTrain.Host.Plotting;

internal static class Chart
{
    public static readonly Color Ink = Color.FromHex("#1F2430");
    public static readonly Color Pale = Color.FromHex("#667080");
    public static readonly Color Blue = Color.FromHex("#2563C9");
    public static readonly Color Orange = Color.FromHex("#E0662B");
    public static readonly Color Purple = Color.FromHex("#7A4FBF");
    public static readonly Color Green = Color.FromHex("#218A5B");
    public static readonly Color Grey = Color.FromHex("#9AA3B0");

    // One per half unit.
    private const int Columns = 2 * Picture.Width;
    private const double RawOpacity = 0.25;
    private const double AbandonedOpacity = 0.6;

    // Below this, the round values of a logarithmic axis are those of a linear one.
    private const double LeastLogarithmicRatio = 3;

    /// <summary>An empty chart; all charts of a picture align their axes.</summary>
    public static Plot New(string title, float size = 13)
    {
        var chart = new Plot();
        chart.FigureBackground.Color = Colors.White;
        chart.DataBackground.Color = Color.FromHex("#F7F8FA");
        chart.Grid.MajorLineColor = Color.FromHex("#E1E4E9");
        chart.Axes.Color(Pale);
        chart.Axes.Right.IsVisible = chart.Axes.Top.IsVisible = false;
        chart.Title(title, size);
        chart.Axes.Title.Label.ForeColor = Ink;
        chart.Legend.BackgroundColor = Colors.White.WithAlpha(0.8);
        (chart.Legend.ShadowColor, chart.Legend.OutlineColor, chart.Legend.FontColor) = (Colors.Transparent, Colors.Transparent, Ink);
        chart.Layout.Fixed(new PixelPadding(left: 76, right: 24, bottom: 26, top: size + 18));
        return chart;
    }

    /// <summary>Labels the lower axis, and makes room for the label.</summary>
    public static void Across(this Plot chart, string name)
    {
        chart.XLabel(name, 13);
        chart.Axes.Bottom.Label.Bold = false;
        chart.Layout.Fixed(new PixelPadding(left: 76, right: 24, bottom: 48, top: chart.Axes.Title.Label.FontSize + 18));
    }

    /// <summary>A series: raw in a faint colour, smoothed in a clear one.</summary>
    /// <param name="name">Its name in the legend; empty for none.</param>
    public static void Series(this Plot chart, MetricsSeries series, int window, Color color, string name = "", bool isLogarithmic = false)
    {
        if (window > 1)
            chart.Line(series, 1, color.WithAlpha(RawOpacity), "", isLogarithmic);
        chart.Line(series.Smoothed(window), 2.2f, color, name, isLogarithmic);
    }

    /// <summary>A series as one line, with gaps at values that are not finite.</summary>
    public static void Line(this Plot chart, MetricsSeries series, float width, Color color, string name, bool isLogarithmic = false,
        float markers = 0)
    {
        var drawn = series.Thinned(Columns);
        var scatter = chart.Add.Scatter(drawn.Steps.ToArray(), drawn.Values.Select(value => isLogarithmic ? Math.Log10(value) : value)
            .ToArray(), color);
        (scatter.LineWidth, scatter.MarkerSize, scatter.LegendText) =
            (width, series.Finite.Count() == 1 ? Math.Max(markers, 4) : markers, name);
    }

    /// <summary>Abandoned steps: pale lines below the others, under one name.</summary>
    public static void Abandoned(this Plot chart, IReadOnlyList<MetricsSeries> series, string name = "", bool isLogarithmic = false)
    {
        for (var i = 0; i < series.Count; i++)
            chart.Line(series[i], 1.4f, Grey.WithAlpha(AbandonedOpacity), i == 0 ? name : "", isLogarithmic);
    }

    /// <summary>Whether values span enough for a logarithmic axis.</summary>
    public static bool IsLogarithmic(IReadOnlyCollection<double> values) =>
        values.Count > 0 && values.Min() > 0 && values.Max() >= LeastLogarithmicRatio * values.Min();

    /// <summary>Scales the left axis to some values, with round labels.</summary>
    public static void Up(this Plot chart, IReadOnlyCollection<double> values, bool isLogarithmic = false, bool isFromZero = false)
    {
        var (least, most) = values.Count == 0 ? (0, 1) : (values.Min(), values.Max());
        if (isLogarithmic)
            (least, most) = (Math.Log10(least), Math.Log10(most));
        var room = most > least ? 0.06 * (most - least) : Math.Max(0.1 * Math.Abs(most), 1e-9);
        var low = isFromZero && least >= 0 ? 0 : least - room;
        chart.Axes.SetLimitsY(low, most + room);
        chart.Axes.Left.TickGenerator = isLogarithmic
            ? new NumericManual([.. Decades(low, most + room).Select(static value => new Tick(Math.Log10(value), Label(value)))])
            : new NumericAutomatic { LabelFormatter = Label, TargetTickCount = 6 };
    }

    /// <summary>Scales the lower axis to steps, with whole numbers.</summary>
    public static void Steps(this Plot chart, double from, double to)
    {
        chart.Axes.SetLimitsX(from, to > from ? to + 0.005 * (to - from) : from + 1);
        chart.Axes.Bottom.TickGenerator = new NumericAutomatic { LabelFormatter = Label, IntegerTicksOnly = true, TargetTickCount = 8 };
    }

    /// <summary>A short label: thousands as k, millions as M.</summary>
    public static string Label(double value)
    {
        var size = Math.Abs(value);
        var (scaled, unit) =
            size switch { >= 1e9 => (value / 1e9, "G"), >= 1e6 => (value / 1e6, "M"), >= 1e4 => (value / 1e3, "k"), _ => (value, "") };
        return size is > 0 and < 1e-3
            ? scaled.ToString("0.##e-0", CultureInfo.InvariantCulture)
            : scaled.ToString("0.####", CultureInfo.InvariantCulture) + unit;
    }

    // Round values between two powers of ten.
    private static IEnumerable<double> Decades(double low, double high)
    {
        double[] digits = (high - low) switch { > 6 => [1], > 2 => [1, 3], > 1 => [1, 2, 5], _ => [1, 1.5, 2, 3, 4, 6, 8] };
        return from decade in Enumerable.Range((int)Math.Floor(low), (int)Math.Ceiling(high) - (int)Math.Floor(low) + 1)
               from digit in digits
               let value = digit * Math.Pow(10, decade)
               where Math.Log10(value) >= low && Math.Log10(value) <= high
               select value;
    }
}

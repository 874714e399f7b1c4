namespace ActorTrain.Host.Plotting;

/// <summary>How a run is drawn.</summary>
/// <param name="Smooth">Steps over which lines are smoothed; 1 draws them raw, 0 chooses by the number of steps.</param>
/// <param name="LinearLoss">A linear instead of a logarithmic axis for the loss.</param>
public sealed record PlotOptions(int Smooth = 0, bool LinearLoss = false);

/// <summary>Draws loss, gradient norm and throughput of a run, one above the other over the same steps.</summary>
public static class RunPlot
{
    /// <summary>Width of the picture in units.</summary>
    public const int Width = 960;

    /// <summary>Height of the picture in units.</summary>
    public const int Height = 720;

    private const double Left = 76;
    private const double Right = 24;
    private const double PanelWidth = Width - Left - Right;
    private const double TitleSize = 20;

    private static readonly Rgba Paper = Rgba.Hex(0xFFFFFF);
    private static readonly Rgba PanelPaper = Rgba.Hex(0xF7F8FA);
    private static readonly Rgba Rule = Rgba.Hex(0xE1E4E9);
    private static readonly Rgba Ink = Rgba.Hex(0x1F2430);
    private static readonly Rgba Pale = Rgba.Hex(0x667080);
    private static readonly Rgba Blue = Rgba.Hex(0x2563C9);
    private static readonly Rgba Orange = Rgba.Hex(0xE0662B);
    private static readonly Rgba Purple = Rgba.Hex(0x7A4FBF);
    private static readonly Rgba Green = Rgba.Hex(0x218A5B);

    /// <summary>Writes the picture to a file, as SVG or PNG by the name's ending. The file appears whole or not at all.</summary>
    /// <exception cref="ActorTrain.Models.UserErrorException">There is nothing to draw, or the file cannot be written.</exception>
    public static void Save(RunMetrics metrics, PlotOptions options, string path)
    {
        ArgumentNullException.ThrowIfNull(metrics);
        ArgumentNullException.ThrowIfNull(path);
        if (!metrics.Loss.Finite.Any())
            throw new Models.UserErrorException($"There is nothing to draw for '{metrics.Title}' yet: its metrics hold no step; train it first.");
        PictureFile.Save(path, Width, Height, "--output", canvas => Draw(metrics, options, canvas));
    }

    /// <summary>Draws a run on a canvas of <see cref="Width"/> × <see cref="Height"/>.</summary>
    public static void Draw(RunMetrics metrics, PlotOptions options, ICanvas canvas)
    {
        ArgumentNullException.ThrowIfNull(metrics);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(canvas);
        var window = options.Smooth > 0 ? options.Smooth : Math.Max(1, metrics.Loss.Count / 50);
        var steps = metrics.Loss.Steps.Concat(metrics.HeldOut.Steps).ToList();
        var across = steps.Count == 0 ? Axis.Between(0, 1) : Axis.Between(Math.Min(steps[0], steps.Min()), steps.Max());

        canvas.Rectangle(0, 0, Width, Height, Paper);
        var size = Math.Min(TitleSize, TitleSize * PanelWidth / Math.Max(1, StrokeFont.Width(metrics.Title, TitleSize)));
        canvas.Text(metrics.Title, new Spot(Left, 34), size, Ink, bold: true);

        var loss = Axis.Around(metrics.Loss.Finite.Concat(metrics.HeldOut.Finite), logarithmic: !options.LinearLoss);
        var first = new PlotPanel(canvas, new Spot(Left, 78), PanelWidth, 280, across, loss);
        first.Frame(options.LinearLoss ? "loss, nats per token" : "loss, nats per token (log scale)", ticks: 6, PanelPaper, Rule, Ink, Pale);
        first.Series(metrics.Loss, window, Blue, "training loss");
        first.Dots(metrics.HeldOut, Orange, "held-out loss");
        Legend(canvas, 66, window, metrics);

        var norms = metrics.GradientNorm.Finite.Order().ToList();
        var spiky = norms.Count > 0 && norms[^1] > 20 * norms[norms.Count / 2];
        var second = new PlotPanel(canvas, new Spot(Left, 400), PanelWidth, 110, across, Axis.Around(norms, logarithmic: spiky, fromZero: !spiky));
        second.Frame(spiky ? "gradient norm, before clipping (log scale)" : "gradient norm, before clipping", ticks: 3, PanelPaper, Rule, Ink, Pale);
        second.Series(metrics.GradientNorm, window, Purple, "gradient norm");

        var third = new PlotPanel(canvas, new Spot(Left, 552), PanelWidth, 110, across, Axis.Around(metrics.TokensPerSecond.Finite, fromZero: true));
        third.Frame("throughput, tokens per second", ticks: 3, PanelPaper, Rule, Ink, Pale);
        third.Series(metrics.TokensPerSecond, window, Green, "throughput");
        third.Across("step", Ink, Pale);
    }

    private static void Legend(ICanvas canvas, double y, int window, RunMetrics metrics)
    {
        var x = Width - Right - (metrics.HeldOut.Count > 0 ? 290 : 190);
        canvas.Line([new Spot(x, y - 4), new Spot(x + 22, y - 4)], Blue, 2.2);
        canvas.Text(window > 1 ? $"training, over {window} steps" : "training", new Spot(x + 30, y), 12, Ink);
        if (metrics.HeldOut.Count == 0)
            return;
        canvas.Disc(new Spot(x + 222, y - 4), 4, Orange);
        canvas.Text("held out", new Spot(x + 234, y), 12, Ink);
    }
}

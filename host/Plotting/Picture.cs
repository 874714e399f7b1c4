using ActorTrain.Host.Reports;
using ActorTrain.Models;
using ScottPlot;
using SkiaSharp;

namespace ActorTrain.Host.Plotting;

internal sealed class Picture
{
    /// <summary>In units.</summary>
    public const int Width = 960;

    // Pixels of a PNG per unit.
    private const int Scale = 2;
    private readonly List<(Plot Chart, float Height)> charts = [];

    /// <summary>From the top.</summary>
    public IReadOnlyList<Plot> Charts => [.. charts.Select(static part => part.Chart)];

    /// <summary>In units.</summary>
    public float Height => charts.Sum(static part => part.Height);

    public Plot Add(Plot chart, float height)
    {
        chart.RenderManager.ClearCanvasBeforeEachRender = false;
        charts.Add((chart, height));
        return chart;
    }

    /// <summary>Writes it atomically, as SVG or PNG by the file name's extension.</summary>
    /// <param name="option">The option that names the file, for messages.</param>
    /// <exception cref="UserErrorException">The file cannot be written, or the system has no font.</exception>
    public void Save(string path, string option)
    {
        RequireFont();
        ReportFile.Write(path, option, path.EndsWith(".png", StringComparison.OrdinalIgnoreCase) ? SavePng : SaveSvg);
    }

    private static void RequireFont()
    {
        try
        {
            if (SKFontManager.Default.FontFamilyCount > 0)
                return;
        }
        catch (Exception error) when (error is TypeInitializationException or DllNotFoundException)
        {
        }

        throw new UserErrorException("This system has no font for plots; install one, "
            + "such as Debian's fonts-dejavu-core, and libfontconfig1.");
    }

    private void SaveSvg(Stream file)
    {
        using var canvas = SKSvgCanvas.Create(SKRect.Create(Width, Height), file);
        Draw(canvas);
    }

    private void SavePng(Stream file)
    {
        using var surface = SKSurface.Create(new SKImageInfo(Scale * Width, (int)(Scale * Height)));
        surface.Canvas.Scale(Scale);
        Draw(surface.Canvas);
        using var image = surface.Snapshot();
        using var png = image.Encode(SKEncodedImageFormat.Png, quality: 100);
        png.SaveTo(file);
    }

    private void Draw(SKCanvas canvas)
    {
        var top = 0f;
        foreach (var (chart, height) in charts)
        {
            chart.Render(canvas, new PixelRect(0, Width, top + height, top));
            top += height;
        }
    }
}

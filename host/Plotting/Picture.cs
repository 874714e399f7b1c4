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
        using var drawn = new MemoryStream();
        if (path.EndsWith(".png", StringComparison.OrdinalIgnoreCase))
            SavePng(drawn);
        else
            SaveSvg(drawn);
        ReportFile.Write(path, option, drawn.WriteTo);
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

    // Skia writes from native code, where an exception of the stream, such as of a full disk, would end the process.
    private void SaveSvg(MemoryStream drawn)
    {
        using var canvas = SKSvgCanvas.Create(SKRect.Create(Width, Height), drawn);
        Draw(canvas);
    }

    private void SavePng(MemoryStream drawn)
    {
        using var surface = SKSurface.Create(new SKImageInfo(Scale * Width, (int)(Scale * Height)));
        surface.Canvas.Scale(Scale);
        Draw(surface.Canvas);
        using var image = surface.Snapshot();
        using var png = image.Encode(SKEncodedImageFormat.Png, quality: 100);
        png.SaveTo(drawn);
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

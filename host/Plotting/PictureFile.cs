using ActorTrain.Host.Reports;
using ActorTrain.Models;

namespace ActorTrain.Host.Plotting;

/// <summary>Writes a picture to a file that appears whole or not at all.</summary>
internal static class PictureFile
{
    /// <summary>Draws it, as SVG or PNG by the name's ending.</summary>
    /// <param name="path">The file.</param>
    /// <param name="width">Width in units.</param>
    /// <param name="height">Height in units.</param>
    /// <param name="option">The option by which another file can be named.</param>
    /// <param name="draw">Draws.</param>
    /// <exception cref="UserErrorException">The file cannot be written.</exception>
    public static void Save(string path, int width, int height, string option, Action<ICanvas> draw)
    {
        ICanvas canvas = path.EndsWith(".png", StringComparison.OrdinalIgnoreCase) ? new PngCanvas(width, height) : new SvgCanvas(width, height);
        draw(canvas);
        ReportFile.Write(path, option, canvas.Save);
    }
}

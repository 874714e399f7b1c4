using System.Globalization;
using System.Security;
using System.Text;

namespace ActorTrain.Host.Plotting;

/// <summary>Draws as an SVG 1.1 document.</summary>
public sealed class SvgCanvas : ICanvas
{
    private readonly StringBuilder document = new();

    /// <summary>Begins a document of a size in units.</summary>
    public SvgCanvas(int width, int height)
    {
        Append($"""<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" font-family="-apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif">""");
    }

    /// <inheritdoc/>
    public void Rectangle(double x, double y, double width, double height, Rgba color) =>
        Append($"""<rect x="{x:0.##}" y="{y:0.##}" width="{width:0.##}" height="{height:0.##}" {Paint("fill", color)}/>""");

    /// <inheritdoc/>
    public void Line(IReadOnlyList<Spot> places, Rgba color, double thickness, string? label = null)
    {
        var points = string.Join(' ', places.Select(static place => string.Create(CultureInfo.InvariantCulture, $"{place.X:0.##},{place.Y:0.##}")));
        var title = label is null ? "" : $"<title>{SecurityElement.Escape(label)}</title>";
        Append($"""<polyline points="{points}" fill="none" {Paint("stroke", color)} stroke-width="{thickness:0.##}" stroke-linejoin="round" stroke-linecap="round">{title}</polyline>""");
    }

    /// <inheritdoc/>
    public void Disc(Spot center, double radius, Rgba color) =>
        Append($"""<circle cx="{center.X:0.##}" cy="{center.Y:0.##}" r="{radius:0.##}" {Paint("fill", color)}/>""");

    /// <inheritdoc/>
    public void Text(string text, Spot place, double size, Rgba color, TextAnchor anchor = TextAnchor.Start, bool bold = false)
    {
        var align = anchor switch { TextAnchor.Middle => " text-anchor=\"middle\"", TextAnchor.End => " text-anchor=\"end\"", _ => "" };
        var weight = bold ? " font-weight=\"600\"" : "";
        Append($"""<text x="{place.X:0.##}" y="{place.Y:0.##}" font-size="{size:0.##}"{align}{weight} {Paint("fill", color)}>{SecurityElement.Escape(text)}</text>""");
    }

    /// <inheritdoc/>
    public void Save(Stream output)
    {
        ArgumentNullException.ThrowIfNull(output);
        output.Write(Encoding.UTF8.GetBytes(document + "</svg>\n"));
    }

    private static string Paint(string what, Rgba color)
    {
        var opacity = color.Alpha < 1 ? string.Create(CultureInfo.InvariantCulture, $" {what}-opacity=\"{color.Alpha:0.##}\"") : "";
        return $"{what}=\"#{color.R:x2}{color.G:x2}{color.B:x2}\"{opacity}";
    }

    private void Append(FormattableString element) => document.Append(element.ToString(CultureInfo.InvariantCulture)).Append('\n');
}

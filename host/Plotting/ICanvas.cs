namespace ActorTrain.Host.Plotting;

/// <summary>A colour with opacity.</summary>
/// <param name="R">Red.</param>
/// <param name="G">Green.</param>
/// <param name="B">Blue.</param>
/// <param name="Alpha">Opacity, 0 to 1.</param>
public readonly record struct Rgba(byte R, byte G, byte B, double Alpha = 1)
{
    /// <summary>A colour from 0xRRGGBB.</summary>
    public static Rgba Hex(int rgb, double alpha = 1) => new((byte)(rgb >> 16), (byte)(rgb >> 8), (byte)rgb, alpha);
}

/// <summary>A place on a canvas, in units from the upper left corner.</summary>
/// <param name="X">To the right.</param>
/// <param name="Y">Downwards.</param>
public readonly record struct Spot(double X, double Y);

/// <summary>Which part of a text stands at its place.</summary>
public enum TextAnchor
{
    /// <summary>Its beginning.</summary>
    Start,

    /// <summary>Its middle.</summary>
    Middle,

    /// <summary>Its end.</summary>
    End,
}

/// <summary>What a picture is drawn on: an SVG document or pixels. What is drawn later covers what was drawn before.</summary>
public interface ICanvas
{
    /// <summary>Fills a rectangle.</summary>
    void Rectangle(double x, double y, double width, double height, Rgba color);

    /// <summary>Draws a line through places, with round joints. A translucent line does not darken where it meets itself.</summary>
    /// <param name="places">At least two.</param>
    /// <param name="color">Its colour.</param>
    /// <param name="thickness">In units.</param>
    /// <param name="label">A name for those who read the document, or null.</param>
    void Line(IReadOnlyList<Spot> places, Rgba color, double thickness, string? label = null);

    /// <summary>Fills a disc.</summary>
    void Disc(Spot center, double radius, Rgba color);

    /// <summary>Writes one line of text on a baseline.</summary>
    /// <param name="text">The words.</param>
    /// <param name="place">Where the anchor stands on the baseline.</param>
    /// <param name="size">Height of the type in units.</param>
    /// <param name="color">Its colour.</param>
    /// <param name="anchor">Which part stands there.</param>
    /// <param name="bold">Heavier strokes.</param>
    void Text(string text, Spot place, double size, Rgba color, TextAnchor anchor = TextAnchor.Start, bool bold = false);

    /// <summary>Writes the picture.</summary>
    void Save(Stream output);
}

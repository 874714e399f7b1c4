namespace ActorTrain.Host.Plotting;

/// <summary>Draws pixels, smoothed at the edges, and writes them as PNG.</summary>
/// <remarks>A pixel is covered in proportion to its distance from a shape's edge, over one pixel; each shape is blended once, so a line that meets
/// itself is no darker there.</remarks>
public sealed class PngCanvas : ICanvas
{
    private readonly int width;
    private readonly int height;
    private readonly double scale;
    private readonly float[] pixels;
    private readonly float[] coverage;

    /// <summary>Begins a white picture.</summary>
    /// <param name="width">Width in units.</param>
    /// <param name="height">Height in units.</param>
    /// <param name="scale">Pixels per unit.</param>
    public PngCanvas(int width, int height, int scale = 2)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(scale, 1);
        this.width = width * scale;
        this.height = height * scale;
        this.scale = scale;
        pixels = new float[this.width * this.height * 3];
        coverage = new float[this.width * this.height];
        Array.Fill(pixels, 255f);
    }

    /// <inheritdoc/>
    public void Rectangle(double x, double y, double width, double height, Rgba color)
    {
        var (left, top, right, bottom) = (x * scale, y * scale, (x + width) * scale, (y + height) * scale);
        Fill(left, top, right, bottom, color, (px, py) => Overlap(px, left, right) * Overlap(py, top, bottom));

        static double Overlap(double pixel, double from, double to) => Math.Clamp(Math.Min(pixel + 0.5, to) - Math.Max(pixel - 0.5, from), 0, 1);
    }

    /// <inheritdoc/>
    public void Disc(Spot center, double radius, Rgba color)
    {
        var (x, y, r) = (center.X * scale, center.Y * scale, radius * scale);
        Fill(x - r - 1, y - r - 1, x + r + 1, y + r + 1, color, (px, py) => Math.Clamp(r + 0.5 - Math.Sqrt((px - x) * (px - x) + (py - y) * (py - y)), 0, 1));
    }

    /// <inheritdoc/>
    public void Line(IReadOnlyList<Spot> places, Rgba color, double thickness, string? label = null) => Strokes([places], color, thickness);

    /// <inheritdoc/>
    public void Text(string text, Spot place, double size, Rgba color, TextAnchor anchor = TextAnchor.Start, bool bold = false)
    {
        var shift = anchor switch { TextAnchor.Middle => -0.5, TextAnchor.End => -1.0, _ => 0.0 } * StrokeFont.Width(text, size);
        Strokes(StrokeFont.Strokes(text, place with { X = place.X + shift }, size), color, size * (bold ? 0.125 : 0.085));
    }

    /// <inheritdoc/>
    public void Save(Stream output)
    {
        var rgb = new byte[pixels.Length];
        for (var i = 0; i < rgb.Length; i++)
            rgb[i] = (byte)Math.Clamp(pixels[i] + 0.5f, 0, 255);
        PngWriter.Write(output, width, height, rgb);
    }

    private void Strokes(IEnumerable<IReadOnlyList<Spot>> strokes, Rgba color, double thickness)
    {
        var radius = Math.Max(0.5, thickness * scale / 2);
        var (left, top, right, bottom) = (width, height, -1, -1);
        foreach (var stroke in strokes)
        {
            for (var i = 0; i < Math.Max(1, stroke.Count - 1); i++)
                Cover(stroke[i], stroke[Math.Min(i + 1, stroke.Count - 1)]);
        }

        for (var y = top; y <= bottom; y++)
        {
            for (var x = left; x <= right; x++)
            {
                ref var covered = ref coverage[y * width + x];
                if (covered > 0)
                    Blend(x, y, color, covered);
                covered = 0;
            }
        }

        void Cover(Spot from, Spot to)
        {
            var (ax, ay, bx, by) = (from.X * scale, from.Y * scale, to.X * scale, to.Y * scale);
            var (x0, x1) = Range(Math.Min(ax, bx) - radius - 1, Math.Max(ax, bx) + radius + 1, width);
            var (y0, y1) = Range(Math.Min(ay, by) - radius - 1, Math.Max(ay, by) + radius + 1, height);
            (left, top, right, bottom) = (Math.Min(left, x0), Math.Min(top, y0), Math.Max(right, x1), Math.Max(bottom, y1));
            var (dx, dy) = (bx - ax, by - ay);
            var length = dx * dx + dy * dy;
            for (var y = y0; y <= y1; y++)
            {
                for (var x = x0; x <= x1; x++)
                {
                    var (px, py) = (x + 0.5 - ax, y + 0.5 - ay);
                    var along = length > 0 ? Math.Clamp((px * dx + py * dy) / length, 0, 1) : 0;
                    var (ex, ey) = (px - along * dx, py - along * dy);
                    var covered = (float)Math.Clamp(radius + 0.5 - Math.Sqrt(ex * ex + ey * ey), 0, 1);
                    ref var most = ref coverage[y * width + x];
                    most = Math.Max(most, covered);
                }
            }
        }
    }

    private void Fill(double left, double top, double right, double bottom, Rgba color, Func<double, double, double> covered)
    {
        var (x0, x1) = Range(left, right, width);
        var (y0, y1) = Range(top, bottom, height);
        for (var y = y0; y <= y1; y++)
        {
            for (var x = x0; x <= x1; x++)
                Blend(x, y, color, covered(x + 0.5, y + 0.5));
        }
    }

    private static (int First, int Last) Range(double from, double to, int size) =>
        ((int)Math.Clamp(Math.Floor(from), 0, size), (int)Math.Clamp(Math.Ceiling(to), -1, size - 1));

    private void Blend(int x, int y, Rgba color, double covered)
    {
        var alpha = (float)(covered * color.Alpha);
        var at = (y * width + x) * 3;
        pixels[at] += (color.R - pixels[at]) * alpha;
        pixels[at + 1] += (color.G - pixels[at + 1]) * alpha;
        pixels[at + 2] += (color.B - pixels[at + 2]) * alpha;
    }
}

using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Xml.Linq;
using ActorTrain.Host.Plotting;
using ActorTrain.Models;

namespace ActorTrain.Host.Tests;

public sealed class PlotTests : IDisposable
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";
    private readonly string folder = Directory.CreateTempSubdirectory("plot").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static RunMetrics Metrics(int steps, Func<int, double>? loss = null, string title = "book") => new(
        title,
        Series(steps, loss ?? (static i => 1 + 8 * Math.Exp(-i / 50.0) + 0.1 * Math.Sin(i))),
        new MetricsSeries([100, 200], [3, 2]),
        Series(steps, static i => 1.0 / (i + 1)),
        Series(steps, static i => 20_000 + i));

    private static MetricsSeries Series(int steps, Func<int, double> value) =>
        new([.. Enumerable.Range(1, steps).Select(static i => (double)i)], [.. Enumerable.Range(0, steps).Select(value)]);

    private XDocument DrawSvg(RunMetrics metrics, PlotOptions? options = null)
    {
        var path = Path.Combine(folder, "a.svg");
        RunPlot.Save(metrics, options ?? new PlotOptions(), path);
        return XDocument.Load(path);
    }

    private static List<(double X, double Y)> Points(XElement line) =>
        [.. line.Attribute("points")!.Value.Split(' ').Select(static point => point.Split(','))
            .Select(static point => (double.Parse(point[0], CultureInfo.InvariantCulture), double.Parse(point[1], CultureInfo.InvariantCulture)))];

    private static XElement Line(XDocument svg, string title) => svg.Descendants(Svg + "polyline").Single(line => line.Element(Svg + "title")?.Value == title);

    [Fact]
    public void Svg_lines_run_to_the_right_within_their_panels_and_fall_with_the_loss()
    {
        var svg = DrawSvg(Metrics(5000, title: "a <b> & c"));
        foreach (var line in svg.Descendants(Svg + "polyline"))
        {
            var points = Points(line);
            points.Zip(points.Skip(1)).ShouldAllBe(static pair => pair.Item1.X <= pair.Item2.X);
            points.ShouldAllBe(static point => point.X >= 0 && point.X <= RunPlot.Width && point.Y >= 0 && point.Y <= RunPlot.Height);
        }

        var loss = Points(Line(svg, "training loss"));
        loss[^1].Y.ShouldBeGreaterThan(loss[0].Y + 200);
        loss.Count.ShouldBeLessThanOrEqualTo(4 * 2 * RunPlot.Width);
        Line(svg, "training loss, raw").Attribute("stroke-opacity").ShouldNotBeNull();
        foreach (var title in new[] { "held-out loss", "gradient norm", "throughput" })
            Line(svg, title).ShouldNotBeNull();

        var texts = svg.Descendants(Svg + "text").Select(static text => text.Value).ToList();
        texts.ShouldContain("a <b> & c");
        texts.ShouldContain("loss, nats per token (log scale)");
        texts.ShouldContain("step");
        texts.ShouldContain("5000");
        texts.ShouldContain("20k");
        texts.ShouldContain("training, over 100 steps");
    }

    [Fact]
    public void Options_choose_the_axis_and_the_smoothing()
    {
        var svg = DrawSvg(Metrics(300), new PlotOptions(Smooth: 1, LinearLoss: true));
        svg.Descendants(Svg + "text").ShouldContain(static text => text.Value == "loss, nats per token");
        svg.Descendants(Svg + "title").ShouldNotContain(static title => title.Value.EndsWith("raw", StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_not_a_number_leaves_a_gap()
    {
        var svg = DrawSvg(Metrics(300, static i => i is 100 or 200 ? double.NaN : 5 - i / 100.0), new PlotOptions(Smooth: 1));
        svg.Descendants(Svg + "title").Count(static title => title.Value == "training loss").ShouldBe(3);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void The_shortest_runs_can_be_drawn(int steps) =>
        DrawSvg(Metrics(steps) with { HeldOut = MetricsSeries.Empty, GradientNorm = MetricsSeries.Empty }).Root!.Name.ShouldBe(Svg + "svg");

    [Fact]
    public void A_run_without_a_step_is_refused_and_nothing_is_written()
    {
        Should.Throw<UserErrorException>(() => DrawSvg(Metrics(0))).Message
            .ShouldBe("There is nothing to draw for 'book' yet: its metrics hold no step; train it first.");
        Directory.EnumerateFileSystemEntries(folder).ShouldBeEmpty();
    }

    [Fact]
    public void A_place_that_cannot_be_written_is_named() =>
        Should.Throw<UserErrorException>(() => RunPlot.Save(Metrics(5), new PlotOptions(), Path.Combine(folder, "no", "a.png"))).Message.ShouldContain("a.png' cannot be written");

    [Fact]
    public void Png_has_good_chunks_and_shows_the_lines_in_their_colours()
    {
        var path = Path.Combine(folder, "a.png");
        RunPlot.Save(Metrics(2000), new PlotOptions(), path);
        var (width, height, pixels) = Decode(File.ReadAllBytes(path));
        (width, height).ShouldBe((2 * RunPlot.Width, 2 * RunPlot.Height));

        var seen = Enumerable.Range(0, width * height).Select(i => (pixels[3 * i] << 16) | (pixels[3 * i + 1] << 8) | pixels[3 * i + 2])
            .CountBy(static color => color).ToDictionary();
        seen[0xFFFFFF].ShouldBeGreaterThan(width * height / 5);
        foreach (var color in new[] { 0x2563C9, 0xE0662B, 0x7A4FBF, 0x218A5B, 0x1F2430 })
            seen.GetValueOrDefault(color).ShouldBeGreaterThan(300, $"{color:x}");
    }

    [Fact]
    public void A_translucent_line_is_no_darker_where_it_crosses_itself()
    {
        var canvas = new PngCanvas(40, 40, scale: 1);
        canvas.Line([new Spot(5, 20), new Spot(35, 20), new Spot(20, 35), new Spot(20, 5)], new Rgba(0, 0, 0, 0.5), 4);
        using var file = new MemoryStream();
        canvas.Save(file);
        var (width, _, pixels) = Decode(file.ToArray());
        pixels[3 * (20 * width + 20)].ShouldBe(pixels[3 * (20 * width + 10)]);
        pixels[3 * (20 * width + 10)].ShouldBe((byte)128);
        pixels[3 * (2 * width + 2)].ShouldBe((byte)255);
    }

    [Fact]
    public void Smoothing_keeps_a_straight_line_straight_until_the_window_meets_its_end()
    {
        var line = Series(100, static i => 3.0 * i);
        var smooth = line.Smoothed(11);
        for (var i = 0; i < 95; i++)
            smooth.Values[i].ShouldBe(line.Values[i], 1e-9);
        Series(50, static i => i % 2).Smoothed(20).Values.Skip(10).ShouldAllBe(static value => Math.Abs(value - 0.5) < 0.06);
    }

    [Theory]
    [InlineData(0, 1, "0 0.2 0.4 0.6 0.8 1")]
    [InlineData(0, 2000, "0 500 1000 1500 2000")]
    [InlineData(3, 3.4, "3 3.1 3.2 3.3 3.4")]
    public void Ticks_are_round(double low, double high, string labels) => string.Join(' ', Axis.Between(low, high).Ticks(5).Select(Axis.Label)).ShouldBe(labels);

    [Theory]
    [InlineData(0, "0")]
    [InlineData(0.25, "0.25")]
    [InlineData(0.00002, "2e-5")]
    [InlineData(12_500, "12.5k")]
    [InlineData(3_000_000, "3M")]
    public void Labels_are_short(double value, string label) => Axis.Label(value).ShouldBe(label);

    // An independent reader: chunks, their sums by the definition, then rows through all of PNG's filters that may stand there.
    private static (int Width, int Height, byte[] Rgb) Decode(byte[] file)
    {
        file[..8].ShouldBe([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]);
        var (width, height, types) = (0, 0, new List<string>());
        using var packed = new MemoryStream();
        for (var at = 8; at < file.Length;)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(at));
            var checkedPart = file.AsSpan(at + 4, length + 4);
            BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(at + 8 + length)).ShouldBe(Crc(checkedPart));
            var content = checkedPart[4..];
            types.Add(Encoding.ASCII.GetString(checkedPart[..4]));
            if (types[^1] == "IHDR")
            {
                (width, height) = (BinaryPrimitives.ReadInt32BigEndian(content), BinaryPrimitives.ReadInt32BigEndian(content[4..]));
                content[8..].ToArray().ShouldBe([8, 2, 0, 0, 0]);
            }
            else if (types[^1] == "IDAT")
            {
                packed.Write(content);
            }

            at += length + 12;
        }

        types.ShouldBe(["IHDR", "IDAT", "IEND"]);
        packed.Position = 0;
        using var zlib = new ZLibStream(packed, CompressionMode.Decompress);
        var pixels = new byte[width * height * 3];
        var row = new byte[width * 3 + 1];
        for (var y = 0; y < height; y++)
        {
            zlib.ReadExactly(row);
            row[0].ShouldBe((byte)2);
            for (var i = 0; i < width * 3; i++)
                pixels[y * width * 3 + i] = (byte)(row[i + 1] + (y > 0 ? pixels[(y - 1) * width * 3 + i] : 0));
        }

        zlib.ReadByte().ShouldBe(-1);
        return (width, height, pixels);
    }

    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var b in bytes)
        {
            crc ^= b;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ ((crc & 1) * 0xEDB88320u);
        }

        return ~crc;
    }
}

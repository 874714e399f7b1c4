using System.Buffers.Binary;
using System.Xml.Linq;
using ActorTrain.Host.Plotting;
using ActorTrain.Models;
using ActorTrain.Models.Rollouts;
using ActorTrain.Persistence.Logs;
using ActorTrain.Persistence.Metrics;
using ScottPlot;
using ScottPlot.Plottables;

namespace ActorTrain.Host.Tests;

public sealed class PlotTests : IDisposable
{
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

    private static (Plot Loss, Plot Norm, Plot Throughput) Draw(RunMetrics metrics, PlotOptions? options = null) =>
        RunPlot.Draw(metrics, options ?? new PlotOptions()).Charts is [var loss, var norm, var throughput] ? (loss, norm, throughput)
            : throw new InvalidOperationException();

    private static Coordinates[] Points(Plot chart, int line) =>
        [.. chart.GetPlottables<Scatter>().ElementAt(line).Data.GetScatterPoints()];

    [Fact]
    public void Lines_hold_what_the_run_measured_raw_and_smoothed()
    {
        var metrics = Metrics(1000);
        var (loss, norm, throughput) = Draw(metrics, new PlotOptions(LinearLoss: true));
        Points(loss, 0).Select(static point => point.Y).ShouldBe(metrics.Loss.Values);
        Points(loss, 1).Select(static point => point.Y).ShouldBe(metrics.Loss.Smoothed(20).Values);
        Points(loss, 2).ShouldBe([new Coordinates(100, 3), new Coordinates(200, 2)]);
        loss.GetPlottables<Scatter>().Select(static line => line.LegendText).ShouldBe(["", "training, over 20 steps", "validation"]);
        Points(norm, 0).Length.ShouldBe(1000);
        Points(throughput, 0).Select(static point => point.X).ShouldBe(metrics.TokensPerSecond.Steps);
    }

    [Fact]
    public void A_policy_has_the_figures_of_its_rollouts_between_loss_and_gradient_norm()
    {
        StepMetrics[] steps =
        [
            .. Enumerable.Range(1, 20).Select(static step => new StepMetrics(step, -0.1, 1, 1e-5, 0, 1, 1, 1)
            {
                Rollouts = new RolloutSummary(8, 40, 0, 0.05 * step, [0.06 * step, 5], 0.01 * step, 0.7, 0.5, 1),
            }),
        ];
        var rollouts = RolloutMetrics.Of(steps, ["similarity", "length"]);
        var charts = RunPlot.Draw(Metrics(20, static _ => -0.1) with { Rollouts = rollouts }, new PlotOptions()).Charts;
        charts.Count.ShouldBe(8);
        charts[1].GetPlottables<Scatter>().Select(static line => line.LegendText).ShouldBe(["similarity", "length", "reward"]);
        Points(charts[1], 2).Select(static point => point.Y).ShouldBe(rollouts!.Reward.Values);
        Points(charts[2], 0)[^1].ShouldBe(new Coordinates(20, 0.2));
        Points(charts[3], 0)[0].Y.ShouldBe(5);

        // Without a reference there is no divergence, and a reward of one part has no other lines.
        var plain = RolloutMetrics.Of([.. steps.Select(static step => step with
        {
            Rollouts = step.Rollouts! with { Divergence = null, Parts = [0.5] },
        })], ["exact"]);
        RunPlot.Draw(Metrics(20) with { Rollouts = plain }, new PlotOptions()).Charts.Count.ShouldBe(7);
        RolloutMetrics.Of([.. steps.Select(static step => step with { Rollouts = null })], []).ShouldBeNull();
    }

    [Fact]
    public void What_a_run_left_behind_is_pale_below_its_line_and_within_the_axes()
    {
        var left = new MetricsSeries([1001, 1002], [20, 30]);
        var (loss, norm, _) =
            Draw(Metrics(1000) with { AbandonedLoss = [left, left], AbandonedNorm = [left] }, new PlotOptions(LinearLoss: true));
        var lines = loss.GetPlottables<Scatter>().ToList();
        lines.Select(static line => line.LegendText).ShouldBe(["abandoned", "", "", "training, over 20 steps", "validation"]);
        lines[0].Color.A.ShouldBeLessThan(lines[3].Color.A);
        Points(loss, 0).ShouldBe([new Coordinates(1001, 20), new Coordinates(1002, 30)]);
        Points(norm, 0).Length.ShouldBe(2);
        foreach (var chart in new[] { loss, norm })
            chart.Axes.GetLimits().Contains(1002, Points(chart, 0)[1].Y).ShouldBeTrue();
    }

    [Fact]
    public void Pieces_that_were_left_behind_make_few_lines_and_no_point_is_drawn_twice()
    {
        // Restarted again and again: each time the same steps from another checkpoint, and once others.
        var pieces = Enumerable.Range(0, 2000).Select(static i => Piece(10 * (i % 100), static step => step))
            .Append(Piece(500, static _ => 0)).ToList();
        var lines = AbandonedSeries.Of(pieces, static row => row.Loss);
        lines.Count.ShouldBe(2);
        lines[0].Steps.Where((_, i) => double.IsFinite(lines[0].Values[i]))
            .ShouldBe(Enumerable.Range(0, 100).SelectMany(static i => Enumerable.Range(10 * i + 1, 5)).Select(static step => (double)step));
        lines[0].Steps.Zip(lines[0].Steps.Skip(1)).ShouldAllBe(static pair => pair.Item1 < pair.Item2);
        lines[0].Values.Count(double.IsNaN).ShouldBe(99);
        lines[1].Steps.Zip(lines[1].Values).ShouldBe([(501, 0), (502, 0), (503, 0), (504, 0), (505, 0)]);
    }

    private static AbandonedRows<MetricsRow> Piece(long after, Func<long, double> loss) => new(
        new Branch(1, 0, after, 0, BranchCause.Resume, "", default, ""),
        [.. Enumerable.Range(1, 5).Select(
            i => new Stamped<MetricsRow>(new RowStamp(default, 1, 0, ""), new StepMetrics(after + i, loss(after + i), 1, 1, 1, 1, 1, 1)))]);

    [Fact]
    public void A_logarithmic_axis_is_labelled_by_values_and_an_option_makes_it_linear()
    {
        var (logarithmic, norm, _) = Draw(Metrics(300), new PlotOptions(Smooth: 1));
        logarithmic.RenderInMemory(960, 340);
        logarithmic.Axes.Left.Label.Text.ShouldBe("loss, nats per token (log scale)");
        logarithmic.Axes.Left.TickGenerator.Ticks.ShouldContain(static tick => tick.Label == "2"
            && Math.Abs(tick.Position - Math.Log10(2)) < 1e-9);
        Points(logarithmic, 0)[0].Y.ShouldBe(Math.Log10(9), 1e-9);
        logarithmic.GetPlottables<Scatter>().Count().ShouldBe(2);
        norm.Axes.Title.Label.Text.ShouldBe("gradient norm, before clipping (log scale)");

        var linear = Draw(Metrics(300), new PlotOptions(LinearLoss: true)).Loss;
        linear.Axes.Left.Label.Text.ShouldBe("loss, nats per token");
        Points(linear, 0)[0].Y.ShouldBe(9);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public void Every_point_is_within_the_axes(int flat)
    {
        foreach (var chart in new[] { Draw(Metrics(500)), Draw(Metrics(1, _ => flat)), Draw(Metrics(2)) }.SelectMany(
            static charts => new[] { charts.Loss, charts.Norm, charts.Throughput }))
        {
            var limits = chart.Axes.GetLimits();
            chart.GetPlottables<Scatter>().SelectMany(static line => line.Data.GetScatterPoints())
                .ShouldAllBe(point => limits.Contains(point.X, point.Y));
        }
    }

    [Fact]
    public void What_is_not_a_number_leaves_a_gap() =>
        Points(Draw(Metrics(300, static i => i is 100 or 200 ? double.NaN : 5 - i / 100.0), new PlotOptions(Smooth: 1)).Loss, 0)
            .Where(static point => double.IsNaN(point.Y)).Select(static point => point.X).ShouldBe([101, 201]);

    [Fact]
    public void A_long_run_is_thinned_to_what_can_be_seen()
    {
        var series = Series(1_000_000, static i => i == 777_777 ? 50 : i == 333_333 ? double.NaN : Math.Sin(i));
        var thin = series.Thinned(1920);
        thin.Count.ShouldBeLessThanOrEqualTo(5 * 1921);
        thin.Steps.Zip(thin.Steps.Skip(1)).ShouldAllBe(static pair => pair.Item1 < pair.Item2);
        (thin.Steps[0], thin.Steps[^1]).ShouldBe((1, 1_000_000));
        thin.Finite.Max().ShouldBe(50);
        thin.Values.Count(double.IsNaN).ShouldBe(1);
        series.Thinned(1_000_000).ShouldBeSameAs(series);
    }

    [Fact]
    public void A_run_without_a_step_is_refused_and_nothing_is_written()
    {
        Should.Throw<UserErrorException>(() => RunPlot.Save(Metrics(0), new PlotOptions(), Path.Combine(folder, "a.svg")))
            .Message.ShouldContain("'book'");
        Directory.EnumerateFileSystemEntries(folder).ShouldBeEmpty();
    }

    [Fact]
    public void A_place_that_cannot_be_written_is_named() =>
        Should.Throw<UserErrorException>(() => RunPlot.Save(Metrics(5), new PlotOptions(), Path.Combine(folder, "no", "a.png")))
            .Message.ShouldContain("a.png'");

    [Theory]
    [InlineData("svg")]
    [InlineData("png")]
    public void A_full_disk_is_told_in_one_sentence_and_nothing_is_left(string kind)
    {
        var path = Path.Combine(folder, $"a.{kind}");
        File.WriteAllText(path, "before");
        File.CreateSymbolicLink(path + ".tmp", "/dev/full");
        Should.Throw<UserErrorException>(() => RunPlot.Save(Metrics(2000), new PlotOptions(), path)).Message
            .ShouldName($"Cannot write '{path}'", "--output");
        Directory.EnumerateFileSystemEntries(folder).ShouldBe([path]);
        File.ReadAllText(path).ShouldBe("before");
    }

    [Fact]
    public void An_svg_holds_the_words_and_a_png_has_two_pixels_per_unit()
    {
        var (svg, png) = (Path.Combine(folder, "a.svg"), Path.Combine(folder, "a.png"));
        RunPlot.Save(Metrics(2000, title: "a <b> & c"), new PlotOptions(), svg);
        RunPlot.Save(Metrics(2000), new PlotOptions(), png);
        var words = XDocument.Load(svg).Descendants(XName.Get("text", "http://www.w3.org/2000/svg"))
            .Select(static text => text.Value.Trim()).ToList();
        foreach (var word in new[] { "a <b> & c", "step", "2000", "20k", "validation" })
            words.ShouldContain(word);

        var head = File.ReadAllBytes(png)[..24];
        head[..8].ShouldBe([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]);
        (BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(16)), BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(20))).ShouldBe((1920, 1400));
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
    [InlineData(0, "0")]
    [InlineData(0.25, "0.25")]
    [InlineData(0.00002, "2e-5")]
    [InlineData(12_500, "12.5k")]
    [InlineData(3_000_000, "3M")]
    public void Labels_are_short(double value, string label) => Chart.Label(value).ShouldBe(label);
}

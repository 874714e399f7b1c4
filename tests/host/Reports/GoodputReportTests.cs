using System.Text.Json;
using ActorTrain.Actors.Goodput;
using ActorTrain.Host.Plotting;
using ActorTrain.Host.Reports;
using ActorTrain.Models;
using ActorTrain.Persistence.Goodput;

namespace ActorTrain.Host.Tests.Reports;

public sealed class GoodputReportTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 4, 5, 0, 0, TimeSpan.Zero);

    private static readonly GoodputRow[] Rows =
    [
        new(Start, Start.AddSeconds(100), Start, 90, 90, 0,
        [
            new(GoodputActivity.NewSteps, null, TimeSpan.FromSeconds(80), 2),
                new(GoodputActivity.Evaluating, null, TimeSpan.FromSeconds(5), 1),
            new(GoodputActivity.Saving, "checkpoint", TimeSpan.FromSeconds(4.5), 9),
                new(GoodputActivity.Saving, "snapshot", TimeSpan.FromSeconds(0.5), 1),
            new(GoodputActivity.Recovering, "trainer lost", TimeSpan.FromSeconds(2), 2),
                new(GoodputActivity.Recovering, "spike", TimeSpan.FromSeconds(3), 1),
            new(GoodputActivity.Starting, null, TimeSpan.FromSeconds(5), 1),
        ]),
        new(Start.AddSeconds(100), Start.AddSeconds(200), Start.AddSeconds(120), 100, 10, 7,
        [
            new(GoodputActivity.Down, GoodputClock.Killed, TimeSpan.FromSeconds(20), 1),
                new(GoodputActivity.Recovering, GoodputClock.ProcessRestart, TimeSpan.FromSeconds(10), 1),
            new(GoodputActivity.RedoneSteps, null, TimeSpan.FromSeconds(7), 1),
                new(GoodputActivity.NewSteps, null, TimeSpan.FromSeconds(10), 1),
            new(GoodputActivity.Paused, null, TimeSpan.FromSeconds(52), 1), new(GoodputActivity.Ending, null, TimeSpan.FromSeconds(1), 1),
        ]),
    ];

    [Fact]
    public void The_ledger_has_a_line_per_activity_and_cause() => Written(output => GoodputText.Write("runs/book", GoodputReport.Of(Rows)!, output)).ShouldBe("""
        runs/book: 0:03:20 from 2026-03-04 05:00:00Z to 2026-03-04 05:03:20Z
          new steps                      90.00 s   45.0%  100 steps
          redone steps                    7.00 s    3.5%  7 steps
          evaluating                      5.00 s    2.5%
          saving                          5.00 s    2.5%
            checkpoint                    4.50 s    2.3%
            snapshot                      0.50 s    0.3%
          recovering                     15.00 s    7.5%  4 times
            process restart              10.00 s    5.0%  once
            spike                         3.00 s    1.5%  once
            trainer lost                  2.00 s    1.0%  2 times
          paused                         52.00 s   26.0%  once
          starting                        5.00 s    2.5%
          ending                          1.00 s    0.5%
          down                           20.00 s   10.0%  once
            killed                       20.00 s   10.0%
          total                         200.00 s  100.0%
        ETTR 45.0% (60.8% excluding pauses and stops)
        lost steps 7, failures 4, MTBF 37.00 s, MTTR 10.50 s

        """);

    [Fact]
    public void Programs_get_one_object_in_seconds()
    {
        using var json = JsonDocument.Parse(ReportJson.Write("runs/book", GoodputReport.Of(Rows)!));
        var root = json.RootElement;
        root.GetProperty("wall").GetDouble().ShouldBe(200);
        root.GetProperty("ettr").GetDouble().ShouldBe(0.45, 1e-12);
        root.GetProperty("lost_steps").GetInt64().ShouldBe(7);
        root.GetProperty("seconds").GetProperty("new_steps").GetDouble().ShouldBe(90);
        root.GetProperty("seconds").EnumerateObject().Sum(static activity => activity.Value.GetDouble()).ShouldBe(200, 1e-9);
        root.GetProperty("parts").EnumerateArray().Select(static part => part.GetProperty("cause").GetString())
            .ShouldContain("trainer lost");
    }

    [Fact]
    public void Columns_of_the_picture_hold_all_time_and_each_activity_its_own()
    {
        var report = GoodputReport.Of(Rows)!;
        foreach (var columns in new[] { 3, 10, 64 })
        {
            var parts = GoodputPlot.Spread(Rows, report, columns);
            for (var column = 0; column < columns; column++)
                Enumerable.Range(0, parts.GetLength(1)).Sum(activity => parts[column, activity]).ShouldBe(1, 1e-9);
            foreach (var activity in Enum.GetValues<GoodputActivity>())
                Enumerable.Range(0, columns).Sum(column => parts[column, (int)activity])
                    .ShouldBe(columns * (report.TimeOf(activity) / report.Wall), 1e-9);
        }
    }

    [Fact]
    public void The_picture_is_written_whole_and_names_what_there_was()
    {
        using var runs = new TemporaryRuns();
        var (svg, png) = (Path.Combine(runs.Path, "a.svg"), Path.Combine(runs.Path, "a.png"));
        GoodputPlot.Save("book", Rows, GoodputReport.Of(Rows)!, svg);
        var text = File.ReadAllText(svg);
        System.Xml.Linq.XDocument.Parse(text).Root!.Name.LocalName.ShouldBe("svg");
        text.ShouldContain("redone steps");
        text.ShouldContain("ETTR 45.0%");
        text.ShouldNotContain("waiting for data");
        GoodputPlot.Save("book", Rows, GoodputReport.Of(Rows)!, png);
        File.ReadAllBytes(png)[..8].ShouldBe([0x89, .. "PNG\r\n"u8, 0x1A, (byte)'\n']);
        Should.Throw<UserErrorException>(() => GoodputPlot.Save("book", Rows, GoodputReport.Of(Rows)!,
            Path.Combine(runs.Path, "no", "a.svg"))).Message.ShouldContain("--plot");
    }

    private static string Written(Action<TextWriter> write)
    {
        using var output = new StringWriter { NewLine = "\n" };
        write(output);
        return output.ToString();
    }
}

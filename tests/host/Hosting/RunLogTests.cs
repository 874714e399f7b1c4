using System.Text.Json;
using ActorTrain.Host.Hosting;
using Microsoft.Extensions.Logging;

namespace ActorTrain.Host.Tests.Hosting;

public sealed class RunLogTests : IDisposable
{
    private readonly TemporaryRuns runs = new();

    public void Dispose() => runs.Dispose();

    [Fact]
    public void An_event_is_a_line_with_its_properties_as_JSON_and_the_next_process_appends()
    {
        var run = runs.Run();
        using (var log = RunLog.Open(run))
            log.CreateLogger("a test")
                .LogError(new InvalidOperationException("it broke"), "{Trainer} failed after step {Step}", "trainer-0", 12);
        using (var log = RunLog.Open(run))
            log.CreateLogger("a test").LogInformation("started again");
        var lines = File.ReadAllLines(run.LogFile);
        lines[0].ShouldContain($" Information Process {Environment.ProcessId} trains book ");
        lines[1].ShouldMatch(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z Error       trainer-0 failed after step 12 \{.*\}$");
        var properties = JsonDocument.Parse(lines[1][lines[1].IndexOf('{', StringComparison.Ordinal)..]).RootElement;
        properties.GetProperty("SourceContext").GetString().ShouldBe("a test");
        lines[2].ShouldBe("System.InvalidOperationException: it broke");
        lines[3].ShouldContain($" Information Process {Environment.ProcessId} trains book ");
        lines[4].ShouldContain(" Information started again ");
    }

    [Fact]
    public void What_it_takes_of_the_disk_is_bounded_and_run_log_is_the_newest_file()
    {
        var run = runs.Run();
        using var log = RunLog.Open(run, mostBytes: 1000);
        for (var i = 0; i < 200; i++)
            log.CreateLogger("a test").LogInformation("event {Number}", i);
        var files = Directory.EnumerateFiles(run.LogsDirectory).ToList();
        files.Count.ShouldBe(2);
        files.ShouldAllBe(static file => new FileInfo(file).Length < 1200);
        File.ReadLines(run.LogFile).Last().ShouldContain(" event 199 ");
        Directory.EnumerateFileSystemEntries(run.Path).Order().ShouldBe([run.LogsDirectory, run.LogFile]);
    }

    [Fact]
    public void A_log_that_the_disk_refuses_is_lost_and_nothing_else_is()
    {
        var run = runs.Run();
        File.WriteAllText(run.LogsDirectory, "not a folder");
        using var log = RunLog.Open(run);
        log.CreateLogger("a test").LogInformation("lost");
        File.Exists(run.LogFile).ShouldBeFalse();
    }

    [Fact]
    public void A_link_that_cannot_be_made_costs_no_event()
    {
        var run = runs.Run();
        Directory.CreateDirectory(run.LogFile);
        using (var log = RunLog.Open(run))
            log.CreateLogger("a test").LogInformation("kept");
        File.ReadLines(Path.Combine(run.LogsDirectory, "run.log")).Last().ShouldContain(" kept ");
    }
}

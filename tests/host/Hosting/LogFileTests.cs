using ActorTrain.Host.Hosting;
using Microsoft.Extensions.Logging;

namespace ActorTrain.Host.Tests.Hosting;

public sealed class LogFileTests : IDisposable
{
    private readonly TemporaryRuns runs = new();

    private string Path => System.IO.Path.Combine(runs.Path, "run.log");

    public void Dispose() => runs.Dispose();

    [Fact]
    public void Events_stand_one_after_another_and_their_further_lines_are_indented()
    {
        using (var log = new LogFile(Path, 1 << 20, TimeProvider.System))
            log.LogError(new InvalidOperationException("it broke"), "trainer-0 failed");
        using (var log = new LogFile(Path, 1 << 20, TimeProvider.System))
            log.LogInformation("goes on");
        var lines = File.ReadAllLines(Path);
        lines[0].ShouldMatch(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z Error       trainer-0 failed$");
        lines[1].ShouldBe("    System.InvalidOperationException: it broke");
        lines[2].ShouldEndWith(" Information goes on");
    }

    [Fact]
    public void It_never_takes_more_than_twice_its_bound()
    {
        using var log = new LogFile(Path, 1000, TimeProvider.System);
        for (var i = 0; i < 200; i++)
            log.LogInformation("{Text}", new string('x', 50));
        new FileInfo(Path).Length.ShouldBeLessThan(1200);
        new FileInfo(Path + ".1").Length.ShouldBeInRange(1000, 1200);
        Directory.EnumerateFiles(runs.Path).Count().ShouldBe(2);
    }

    [Fact]
    public void What_a_disk_refuses_is_lost_and_the_log_goes_on_once_it_does_not()
    {
        Directory.CreateDirectory(Path);
        using var log = new LogFile(Path, 1000, TimeProvider.System);
        log.LogInformation("lost");
        Directory.Delete(Path);
        log.LogInformation("kept");
        File.ReadAllLines(Path).ShouldHaveSingleItem().ShouldEndWith(" Information kept");
    }
}

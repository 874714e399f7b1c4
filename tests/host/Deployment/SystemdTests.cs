using System.Diagnostics;
using System.Globalization;
using ActorTrain.Actors.Election;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Commands;

namespace ActorTrain.Host.Tests.Deployment;

/// <summary>The units of <c>ops/deploy/systemd</c>, with the files of their environment.</summary>
public sealed class SystemdTests
{
    public static TheoryData<string, string> Units => new()
    {
        { "actortrain-control@.service", "control-book.env" },
        { "actortrain-node@.service", "node-gpu-1.env" },
    };

    [SystemdTheory]
    [MemberData(nameof(Units))]
    public void Systemd_accepts_the_unit(string unit, string environment)
    {
        using var folder = new TemporaryRuns();
        File.Exists(Deployed.At("ops", "deploy", "systemd", environment)).ShouldBeTrue();
        var text = Deployed.Read("systemd", unit);
        Verify(text).ShouldBe("");
        Verify(text.Replace("KillMode=mixed", "KillMode=mixt", StringComparison.Ordinal)).ShouldNotBe("");

        string Verify(string said)
        {
            // It looks for the program, too.
            var file = Path.Combine(folder.Path, unit);
            File.WriteAllText(file, said.Replace(Deployed.Program, "/bin/true", StringComparison.Ordinal));
            var start = new ProcessStartInfo("systemd-analyze", ["verify", "--man=no", "--recursive-errors=no", file])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using var process = Process.Start(start)!;
            var output = process.Result(process.StandardError.ReadToEndAsync(), "did not end its errors");
            process.WaitToEnd();
            return process.ExitCode == 0 ? output : $"{process.ExitCode}: {output}";
        }
    }

    [Theory]
    [MemberData(nameof(Units))]
    public void A_service_is_started_again_after_all_that_another_start_can_help(string unit, string environment)
    {
        _ = environment;
        var service = Read(Deployed.Read("systemd", unit));
        service["Type"].ShouldBe("notify");
        service["NotifyAccess"].ShouldBe("main");
        service["Restart"].ShouldBe("always");
        var ended = service["RestartPreventExitStatus"].Split(' ').Select(static code => int.Parse(code, CultureInfo.InvariantCulture));
        ended.ShouldBe([ExitCode.Success, ExitCode.UserError]);
    }

    [Fact]
    public void The_control_unit_starts_one_of_the_processes_that_may_lead()
    {
        var service = Read(Deployed.Read("systemd", "actortrain-control@.service"));
        var request = Deployed.Request(CommandLineOf(service, Read(Deployed.Read("systemd", "control-book.env")), "book"))
            .ShouldBeOfType<TrainRequest>();
        request.RunFile.ShouldBe("/etc/actortrain/book.yaml");
        var configuration = Deployed.Configuration(Deployed.Read("systemd", "book.yaml"), request);
        configuration.Cluster.EndPoints.ShouldContain(ClusterOptions.Parse(request.At.ShouldNotBeNull())!);
        configuration.Nodes.EndPoint.ShouldNotBeNull().Address.ShouldBe(
            ClusterOptions.Parse(request.At)!.Address);
        configuration.Run.Directory.ShouldBe("runs/book");
        TimeSpan.FromSeconds(int.Parse(service["TimeoutStopSec"], CultureInfo.InvariantCulture))
            .ShouldBeGreaterThan(Deployed.SaveOf(configuration));
    }

    [Fact]
    public void The_node_unit_dials_all_processes_that_may_lead()
    {
        var request = Deployed.Request(CommandLineOf(Read(Deployed.Read("systemd", "actortrain-node@.service")),
            Read(Deployed.Read("systemd", "node-gpu-1.env")), "gpu-1")).ShouldBeOfType<NodeRequest>();
        request.Name.ShouldBe("gpu-1");
        request.Certificate.ShouldBe("gpu-1");
        var control = Read(Deployed.Read("systemd", "control-book.env"))["OPTIONS"].Split(' ')
            .Single(static word => word.StartsWith("nodes.listen=", StringComparison.Ordinal))["nodes.listen=".Length..];
        var addresses = request.Join.Split(',');
        addresses.ShouldContain(control);
        var configuration = Deployed.Configuration(Deployed.Read("systemd", "book.yaml"), new TrainRequest("book.yaml", [], default));
        addresses.Select(static address => address.Split(':')[0])
            .ShouldBe(configuration.Cluster.EndPoints.Select(static one => $"{one.Address}"));
    }

    // Keys that occur once, or at last, as in a unit and in a file of an environment.
    private static Dictionary<string, string> Read(string text)
    {
        Dictionary<string, string> values = [];
        foreach (var line in text.Split('\n').Where(static line => line.Length > 0 && line[0] is not ('#' or '[')))
            values[line[..line.IndexOf('=', StringComparison.Ordinal)]] = line[(line.IndexOf('=', StringComparison.Ordinal) + 1)..];
        return values;
    }

    // As systemd puts it together: ${X} is one word, $X as many as it has.
    private static string[] CommandLineOf(Dictionary<string, string> service, Dictionary<string, string> environment, string instance)
    {
        var words = service["ExecStart"].Replace("%i", instance, StringComparison.Ordinal).Split(' ');
        words[0].ShouldBe(Deployed.Program);
        return [.. words[1..].SelectMany(word =>
            word.StartsWith("${", StringComparison.Ordinal) ? [environment[word[2..^1]]]
            : word[0] == '$' ? environment[word[1..]].Split(' ') : [word])];
    }

    private sealed class SystemdTheoryAttribute : TheoryAttribute
    {
        public SystemdTheoryAttribute()
        {
            if (!(Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(static folder =>
                File.Exists(Path.Combine(folder, "systemd-analyze"))))
                Skip = "systemd-analyze is missing; install the Debian package systemd.";
        }
    }
}

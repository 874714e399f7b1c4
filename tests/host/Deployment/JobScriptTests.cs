using System.Diagnostics;
using System.Net;
using ActorTrain.Host.Commands;
using ActorTrain.Host.Configuration;

namespace ActorTrain.Host.Tests.Deployment;

/// <summary>What the job script of <c>ops/deploy/slurm</c> has the program do; a test of its own runs it with the real one.</summary>
public sealed class JobScriptTests : IDisposable
{
    private readonly TemporaryRuns folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("", null)]
    [InlineData("/etc/actortrain", "/etc/actortrain")]
    public void The_first_host_leads_and_each_has_a_node(string given, string? certificates)
    {
        var commands = Run(given, "book.yaml", "training.steps=30");
        var training = commands.Where(static words => words[0] == "pretrain").ShouldHaveSingleItem();
        var request = Deployed.Request(training).ShouldBeOfType<TrainRequest>();
        request.RunFile.ShouldBe("book.yaml");
        var configuration = RunFile.Parse("data:\n  path: d\n", "book.yaml", request.Overrides);
        configuration.Nodes.EndPoint.ShouldBe(IPEndPoint.Parse("127.0.0.1:4053"));
        configuration.Nodes.Certificates.ShouldBe(certificates ?? "");
        configuration.Nodes.Certificate.ShouldBe(certificates is null ? "" : "alpha");
        configuration.Trainers.Count.ShouldBe(2);
        configuration.Training.Steps.ShouldBe(30);
        var nodes = commands.Where(static words => words[0] == "node")
            .Select(static words => Deployed.Request(words).ShouldBeOfType<NodeRequest>()).ToList();
        nodes.ShouldAllBe(node => node.Join == "127.0.0.1:4053" && node.Certificates == certificates);
        nodes.Select(node => certificates is null ? node.Name : node.Certificate).Order().ShouldBe(["alpha", "beta"]);
    }

    // Each program of Slurm, and the program itself, is one that says what it was given. The one that leads waits for both nodes.
    private List<string[]> Run(string certificates, params string[] arguments)
    {
        const string Script = """
            srun() { while [[ $1 == --* ]]; do shift; done; "$@"; }
            getent() { echo "127.0.0.1 STREAM alpha"; }
            scontrol() { tr , '\n' <<<"$3"; }
            program() {
                echo "$@" >>commands
                [[ $1 == node ]] || for ((i = 0; i < 3000; i++)); do
                    [[ $(grep -c ^node commands) != 2 ]] || break
                    read -rt 0.01 <><(:) || true
                done
            }
            script=$1
            shift
            . "$script" "$@"
            """;
        var job = Deployed.At("ops", "deploy", "slurm", "train.sbatch");
        var start = new ProcessStartInfo("bash", ["-c", Script, "bash", job, .. arguments])
        {
            WorkingDirectory = folder.Path,
            RedirectStandardError = true,
            Environment =
            {
                ["SLURM_JOB_ID"] = "7",
                ["SLURM_JOB_NODELIST"] = "alpha,beta",
                ["CERTIFICATES"] = certificates,
                ["ACTORTRAIN"] = "program",
            },
        };
        using var process = Process.Start(start)!;
        var errors = process.Result(process.StandardError.ReadToEndAsync(), "did not end its errors");
        process.WaitToEnd();
        process.ExitCode.ShouldBe(0, errors);
        return [.. File.ReadLines(Path.Combine(folder.Path, "commands")).Select(static line => line.Split(' '))];
    }
}

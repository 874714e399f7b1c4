using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using ActorTrain.Tests.Processes;

namespace ActorTrain.EndToEnd.Tests;

/// <summary>The job script of <c>ops/deploy/slurm</c>, with programs in the place of Slurm's that start its steps on this
/// machine.</summary>
[Collection(nameof(RealRun))]
public sealed class SlurmTests(RealRun real)
{
    private const int Steps = 400;
    private const string Job = "7";

    [Fact]
    [Trait("Category", "Cluster")]
    public void A_job_whose_time_is_over_saves_and_is_queued_again_and_resumes_to_the_weights_of_one_process()
    {
        const string Name = "slurm";
        string[] settings = [$"training.steps={Steps}", "checkpoints.every=20", "evaluation.every=200", "nodes.timeout=20"];
        real.Run(RealRun.Pretrain("slurm-single", "float32", settings)).ShouldSucceed();
        real.Run("cluster", "init", "certificates").ShouldSucceed();
        real.Run("cluster", "cert", "alpha", "--role", "control").ShouldSucceed();
        real.Run("cluster", "cert", "beta").ShouldSucceed();
        File.WriteAllText(real.At("slurm.yaml"), $"run:\n  name: {Name}\ndata:\n  path: data\n");
        WritePrograms();
        var port = FreeAddress.Find().Port;
        string[] given =
            [.. RealRun.Pretrain(Name, "float32", settings).Where(static word => word.Contains('=', StringComparison.Ordinal))];

        using (var job = Start(port, given))
        {
            while (job.ReadLine() is { } line && !line.StartsWith("checkpoint step", StringComparison.Ordinal))
            {
            }

            using var term = real.StartIn("", "kill", ["-TERM", job.Id.ToString(CultureInfo.InvariantCulture)]);
            var output = Outcome.Of(job).ShouldSucceed().Output;
            output.ShouldContain("alpha has left.", customMessage: output);
            output.ShouldContain("beta has left.", customMessage: output);
        }

        Requeued().ShouldBe([Job]);
        real.State(Name).ShouldBe("stopped");
        real.NewestWeights(Name).Step.ShouldBeInRange(1, Steps - 1);

        using (var job = Start(port, given))
            Outcome.Of(job).ShouldSucceed();
        Requeued().ShouldBe([Job]);
        real.NewestWeights(Name).ShouldBe(real.NewestWeights("slurm-single"));
        real.Run("audit", Name).ShouldSucceed().Output.ShouldContain("is clean");

        // A run that is refused is not queued again.
        using (var job = Start(port, [.. given, "training.lanes=3"]))
            Outcome.Of(job).ExitCode.ShouldBe(2);
        Requeued().ShouldBe([Job]);
    }

    private Process Start(int port, string[] settings) => real.StartIn("", "env",
    [
        $"PATH={real.At("slurm-bin")}:{Environment.GetEnvironmentVariable("PATH")}", $"SLURM_JOB_ID={Job}", "SLURM_JOB_NODELIST=alpha,beta",
        $"ACTORTRAIN={real.At("slurm-bin", "actortrain")}", $"PORT={port}", "bash", Script(), "slurm.yaml", .. settings,
    ]);

    private string[] Requeued() => File.ReadAllLines(real.At("requeued"));

    // What the script calls.
    private void WritePrograms()
    {
        Directory.CreateDirectory(real.At("slurm-bin"));
        Write("srun", """while [[ $1 == --* ]]; do shift; done; exec "$@" """);
        Write("getent", """[[ $1 == ahostsv4 && $2 == alpha ]] && echo "127.0.0.1 STREAM alpha" """);
        Write("scontrol", """
            case "$1 $2" in
                "show hostnames") tr , '\n' <<<"$3" ;;
                "requeue "*) echo "$2" >>requeued ;;
                *) exit 1 ;;
            esac
            """);
        Write("actortrain", $"exec dotnet '{RealRun.Program}' \"$@\"");

        void Write(string name, string script)
        {
            var file = real.At("slurm-bin", name);
            File.WriteAllText(file, $"#!/usr/bin/env bash\n{script}\n");
            using var chmod = real.StartIn("", "chmod", ["+x", file]);
            chmod.WaitToEnd();
        }
    }

    private static string Script([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../ops/deploy/slurm/train.sbatch"));
}

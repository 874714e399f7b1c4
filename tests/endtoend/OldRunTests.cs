using System.Formats.Tar;
using System.IO.Compression;
using ActorTrain.Tests.Processes;

namespace ActorTrain.EndToEnd.Tests;

/// <summary>Runs that an older program began; <c>old-runs/README.md</c> says how they were made.</summary>
[Collection(nameof(RealRun))]
public sealed class OldRunTests(RealRun real)
{
    private const string Old = "old";

    [Theory]
    [InlineData("killed", "Run started with 2 trainers")]
    [InlineData("stopped", "from step 20: the learning rate is multiplied by 0.5")]
    public void A_run_of_an_older_program_is_read_and_not_resumed(string name, string decided)
    {
        Directory.CreateDirectory(real.At(Old));
        using (var archive = new GZipStream(File.OpenRead(Path.Combine(AppContext.BaseDirectory, "old-runs.tar.gz")),
            CompressionMode.Decompress))
            TarFile.ExtractToDirectory(archive, real.At(Old), overwriteFiles: true);
        var before = real.Snapshot();
        foreach (var command in (string[])["journal", "status", "checkpoints", "audit"])
            Run(command, name).ShouldSucceed();
        Run("journal", name).Output.ShouldContain(decided);
        real.Snapshot().ShouldBe(before);

        // A run's identity is written otherwise now.
        var weights = real.NewestWeights($"../{Old}/runs/{name}");
        Run("pretrain", "run.yaml", "--set", $"run.name={name}")
            .ShouldRefuse($"runs/{name}/checkpoints/step-", "by a version of actortrain", "choose another run.name");
        real.NewestWeights($"../{Old}/runs/{name}").ShouldBe(weights);
        Run("journal", name).ShouldSucceed().Output.ShouldContain(decided);
    }

    private Outcome Run(params string[] arguments)
    {
        using var process = real.StartIn(Old, "dotnet", [RealRun.Program, .. arguments]);
        return Outcome.Of(process);
    }
}

using System.Formats.Tar;
using System.IO.Compression;
using ActorTrain.Tests.Processes;

namespace ActorTrain.EndToEnd.Tests;

/// <summary>Runs that an older program began; <c>old-runs/README.md</c> says how they were made.</summary>
[Collection(nameof(RealRun))]
public sealed class OldRunTests(RealRun real)
{
    private const string Old = "old";
    private const int Steps = 120;

    [Theory]
    [InlineData("killed", "9143d4a6221b1d97343543ce9b8a6c4b061f9ed0da4e270c92e2c13b13227fbc", "The run began with 2 trainers")]
    [InlineData("stopped", "4d4ced7a16c23ba875da0e21af9b935ba88394cefa89a64d5efa795fb478ed76", "from step 20 on the learning rate is multiplied by 0.5")]
    public void A_run_of_an_older_program_is_read_and_resumed_to_the_bits_that_it_would_have_ended_with(string name, string weights, string decided)
    {
        Directory.CreateDirectory(real.At(Old));
        using (var archive = new GZipStream(File.OpenRead(Path.Combine(AppContext.BaseDirectory, "old-runs.tar.gz")), CompressionMode.Decompress))
            TarFile.ExtractToDirectory(archive, real.At(Old), overwriteFiles: true);
        var before = real.Snapshot();
        foreach (var command in (string[])["journal", "status", "checkpoints", "audit"])
            Run(command, name).ShouldSucceed();
        Run("journal", name).Output.ShouldContain(decided);
        real.Snapshot().ShouldBe(before);

        Run("pretrain", "run.yaml", "--set", $"run.name={name}").ShouldSucceed();
        real.NewestWeights($"../{Old}/runs/{name}").ShouldBe((Steps, weights));
        Run("audit", name).ShouldSucceed().Output.ShouldContain($"{Steps} steps, each committed once");
        Run("journal", name).ShouldSucceed().Output.ShouldContain(decided);
    }

    private Outcome Run(params string[] arguments)
    {
        using var process = real.StartIn(Old, "dotnet", [RealRun.Program, .. arguments]);
        return Outcome.Of(process);
    }
}

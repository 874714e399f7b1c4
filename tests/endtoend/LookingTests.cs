using ActorTrain.Tests.Processes;

namespace ActorTrain.EndToEnd.Tests;

/// <summary>Commands that only look at a run start without the tensor library, which takes longer to load than they take.</summary>
[Collection(nameof(TrainedRuns))]
public sealed class LookingTests(TrainedRuns real)
{
    [Theory]
    [InlineData(false, "status", "gpt2")]
    [InlineData(false, "journal", "gpt2")]
    [InlineData(false, "runs")]
    [InlineData(false, "checkpoints", "gpt2")]
    [InlineData(false, "goodput", "gpt2")]
    [InlineData(true, "generate", "gpt2", "--tokens", "1")]
    public void Libtorch_is_loaded_to_compute_only(bool computes, params string[] arguments)
    {
        // The dynamic linker writes down what it loads, into a file per process.
        var trace = $"loaded-{arguments[0]}";
        using (var process = real.StartIn("", "env",
            ["LD_DEBUG=files", $"LD_DEBUG_OUTPUT={real.At(trace)}", "dotnet", RealRun.Program, .. arguments]))
            Outcome.Of(process).ShouldSucceed();
        var loaded = Directory.GetFiles(real.At(), trace + ".*").Select(File.ReadAllText).ToList();
        loaded.ShouldContain(static text => text.Contains("libcoreclr.so"));
        loaded.Exists(static text => text.Contains("libtorch_cpu.so")).ShouldBe(computes);
    }
}

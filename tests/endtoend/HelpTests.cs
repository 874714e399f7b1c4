using System.Text.Json;

namespace ActorTrain.EndToEnd.Tests;

/// <summary>What the program says of itself and of the machine.</summary>
[Collection(nameof(TrainedRuns))]
public sealed class HelpTests(TrainedRuns real)
{
    [Theory]
    [InlineData("doctor", "--json")]
    [InlineData("task", "--output", "--count", "--demonstrations", "--mistakes", "--noise", "--completions", "--seed", "--force", "preferences")]
    [InlineData("prepare", "--input", "--output", "--tokenizer", "--tokenizer-from", "--vocabulary-size", "--held-out", "--lenient",
        "--text-field", "--force", "--kind", "--template", "--special", "--targets", "--max-tokens", "--too-long")]
    [InlineData("pretrain", "--set", "--resume", "--fresh", "--nodes", "Ctrl-C", "kill -9")]
    [InlineData("eval", "--part", "--batches", "--data")]
    [InlineData("generate", "--prompt", "--tokens", "--temperature", "--top-k", "--top-p", "--min-p",
        "--repetition-penalty", "--seed", "--greedy", "--samples", "--stop", "--precision")]
    [InlineData("export", "--format", "--output", "--checkpoint", "--force")]
    [InlineData("import", "--output")]
    [InlineData("runs", "--output")]
    [InlineData("rlhf", "--set", "--resume", "GRPO", "kill -9")]
    [InlineData("rollouts", "--step", "--prompt", "--samples", "--order", "--json", "metrics.jsonl")]
    [InlineData("replay", "--step", "--prompt", "--sample", "--count", "--seed", "--repair", "--force", "Exit code 1")]
    [InlineData("plot", "--output", "--smooth", "--linear-loss")]
    [InlineData("node", "--join", "--name", "--data", "--trainers", "SIGTERM")]
    [InlineData("nodes", "--json")]
    [InlineData("status", "--json")]
    [InlineData("scale", "--trainers")]
    [InlineData("trace", "--steps", "--output")]
    [InlineData("rollback", "--to", "--skip")]
    [InlineData("skip", "--batches")]
    [InlineData("lr", "--factor")]
    [InlineData("quarantine", "--trainer", "--release")]
    [InlineData("pause")]
    [InlineData("resume")]
    [InlineData("goodput", "--json", "--plot", "ETTR")]
    [InlineData("journal", "--json")]
    [InlineData("audit", "--json", "samples.jsonl")]
    [InlineData("help", "config")]
    public void Help_names_the_options_of_a_command_and_gives_an_example(string command, params string[] options)
    {
        var help = real.Run(command, "--help").ShouldSucceed();
        help.Error.ShouldBeEmpty();
        foreach (var option in options)
            help.Output.ShouldContain(option);
        help.Output.ShouldContain($"  actortrain {command}");
        real.Run("help", command).Output.ShouldBe(help.Output);
        real.Run("--help").Output.ShouldContain($"\n  {command} ");
    }

    [Fact]
    public void Without_arguments_the_program_explains_itself()
    {
        var help = real.Run().ShouldSucceed().Output;
        help.ShouldBe(real.Run("--help").Output);
        help.ShouldContain("Exit codes: 0 success");
        real.Run("help", "config").ShouldSucceed().Output.ShouldContain("learning_rate");
    }

    [Fact]
    public void Doctor_measures_the_rate_of_matrix_products()
    {
        var table = real.Run("doctor").ShouldSucceed().Output;
        table.ShouldContain("GFLOP/s");
        table.ShouldContain("libtorch");
        using var json = JsonDocument.Parse(real.Run("doctor", "--json").ShouldSucceed().Output);
        json.RootElement.GetProperty("works").GetBoolean().ShouldBeTrue();
        var rates = json.RootElement.GetProperty("rates").EnumerateArray()
            .Select(static rate => rate.GetProperty("gigaFlopsPerSecond").GetDouble()).ToArray();
        rates.Length.ShouldBe(2);
        rates.ShouldAllBe(static rate => rate > 1);
    }
}

using System.Globalization;
using System.Text.RegularExpressions;
using ActorTrain.Tests.Processes;

namespace ActorTrain.EndToEnd.Tests;

/// <summary>What can be done with a model once it is trained.</summary>
[Collection(nameof(TrainedRuns))]
public sealed partial class TrainedModelTests(TrainedRuns real)
{
    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama")]
    public void Training_brings_the_held_out_loss_below_the_unigram_entropy(string family)
    {
        var (loss, entropy, tokens) = Eval(family);
        loss.ShouldBeLessThan(0.8 * entropy);
        tokens.ShouldBeGreaterThan(2_000);
        Eval(family, "--part", "train", "--batches", "2").Tokens.ShouldBe(2 * 8 * 32);
        Eval($"runs/{family}/checkpoints/step-00000020").Loss.ShouldBeGreaterThan(loss);
    }

    [Fact]
    public void The_same_seed_writes_the_same_text_and_another_seed_another()
    {
        var first = Generate("gpt2", "--seed", "5");
        first.ShouldStartWith("the same tree");
        first.Length.ShouldBeGreaterThan("the same tree".Length + 20);
        Generate("runs/gpt2", "--seed", "5").ShouldBe(first);
        Generate("gpt2", "--seed", "6").ShouldNotBe(first);
        var three = Generate("gpt2", "--seed", "5", "--samples", "3");
        three.ShouldStartWith(Generate("gpt2", "--seed", "5", "--samples", "2") + "---\n");
        three.Split("---\n").ShouldSatisfyAllConditions(
            texts => texts.Length.ShouldBe(3),
            texts => texts[0].ShouldBe(first),
            texts => texts.Distinct().Count().ShouldBe(3));
    }

    [Fact]
    public void A_text_ends_before_a_stop_text()
    {
        var all = Generate("gpt2", "--greedy").TrimEnd('\n');
        var stop = all[(all.Length - 12)..^4];
        var at = all.IndexOf(stop, "the same tree".Length, StringComparison.Ordinal);
        Generate("gpt2", "--greedy", "--stop", "nowhere in it", "--stop", stop).ShouldBe($"{all[..at]}\n");
        Generate("gpt2", "--greedy", "--stop", "nowhere in it").ShouldBe($"{all}\n");
    }

    [Fact]
    public void Text_is_generated_in_the_precision_asked_for()
    {
        Generate("gpt2", "--precision", "float32").ShouldBe(Generate("gpt2"));
        Generate("gpt2", "--precision", "bfloat16", "--min-p", "0.05", "--repetition-penalty", "1.1").ShouldStartWith("the same tree");
    }

    [Fact]
    public void Greedy_text_needs_no_seed()
    {
        var greedy = Generate("gpt2", "--greedy", "--seed", "5");
        Generate("gpt2", "--greedy", "--seed", "6").ShouldBe(greedy);
        Generate("gpt2", "--top-k", "1").ShouldBe(greedy);
    }

    [Fact]
    public void A_prompt_longer_than_the_context_is_kept_and_written_on()
    {
        var prompt = string.Join(' ', Enumerable.Repeat("actor train lane", 12));
        var text = real.Run("generate", "llama", "--prompt", prompt, "--tokens", "50").ShouldSucceed().Output;
        text.ShouldStartWith(prompt);
        text.TrimEnd('\n').Length.ShouldBeGreaterThan(prompt.Length);
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama")]
    public void An_exported_model_has_the_same_loss_in_an_independent_reader_and_writes_the_same_text_once_imported(string family)
    {
        var exported = $"{family}-exported";
        real.Run("export", family, "--format", "huggingface", "--output", exported).ShouldSucceed();
        using (var python = real.StartIn("", "/usr/bin/python3",
            [Path.Combine(AppContext.BaseDirectory, "export_loss.py"), exported, "data/held-out-00000.bin", "32", "8"]))
        {
            var theirs = double.Parse(Outcome.Of(python).ShouldSucceed().Output, CultureInfo.InvariantCulture);
            Eval(family, "--batches", "1").Loss.ShouldBe(theirs, 1e-4);
        }

        var imported = $"runs/{family}-imported";
        real.Run("import", exported, "--output", imported).ShouldSucceed();
        Generate(imported, "--seed", "5").ShouldBe(Generate(family, "--seed", "5"));
        Eval(imported, "--data", "data").ShouldBe(Eval(family));
        real.State($"{family}-imported").ShouldBe("imported");

        var before = real.Snapshot();
        real.Run("eval", imported).ShouldRefuse("--data");
        real.Run("plot", imported).ShouldRefuse("metrics.jsonl");
        real.Run(TrainedRuns.Small($"{family}-imported")).ShouldRefuse("imported", "run.name");
        real.Run("import", exported, "--output", imported).ShouldRefuse("--output");
        real.Run("export", family, "--output", exported).ShouldRefuse("--force");
        real.Snapshot().ShouldBe(before);
    }

    [Fact]
    public void Commands_find_a_run_by_name_by_folder_and_by_checkpoint_from_wherever_they_are_called()
    {
        // A folder that is no run does not hide the run of its name.
        Directory.CreateDirectory(real.At("gpt2"));
        var expected = Generate("gpt2", "--greedy");
        string[] names =
            ["runs/gpt2", "runs/gpt2/", "./runs/gpt2", real.RunFolder("gpt2"), $"runs/gpt2/checkpoints/step-{TrainedRuns.Steps:00000000}"];
        foreach (var name in names)
        {
            Generate(name, "--greedy").ShouldBe(expected, name);
            real.Run("plot", name, "--output", "named.svg").ShouldSucceed();
        }

        using (var inside = real.StartIn("runs/gpt2", "dotnet",
            [RealRun.Program, "generate", ".", "--prompt", "the same tree", "--tokens", "60", "--greedy"]))
            Outcome.Of(inside).ShouldSucceed().Output.ShouldBe(expected);
        using (var inside = real.StartIn("runs", "dotnet", [RealRun.Program, "eval", "gpt2", "--data", "../data", "--batches", "1"]))
            Outcome.Of(inside).ShouldSucceed();
        using (var inside = real.StartIn("runs", "dotnet", [RealRun.Program, "eval", "gpt2"]))
            Outcome.Of(inside).ShouldRefuse("data", "--data");
    }

    [Fact]
    public void The_advice_of_eval_can_be_followed()
    {
        real.Run("prepare", "--input", "text.txt", "--output", "all", "--tokenizer-from", "runs/gpt2", "--held-out", "0").ShouldSucceed();
        var refused = real.Run("eval", "gpt2", "--data", "all");
        refused.ShouldRefuse("all has no validation split", "--held-out 0.02", "--tokenizer-from runs/gpt2", "--data", "--part train");
        real.Run("eval", "gpt2", "--data", "all", "--part", "train").ShouldSucceed();
        real.Run("prepare", "--input", "text.txt", "--output", "some", "--held-out", "0.02", "--tokenizer-from", "runs/gpt2")
            .ShouldSucceed();
        Eval("gpt2", "--data", "some").Tokens.ShouldBeGreaterThan(0);

        real.Run("prepare", "--input", "text.txt", "--output", "theirs", "--tokenizer", "bpe", "--vocabulary-size", "320").ShouldSucceed();
        real.Run("eval", "gpt2", "--data", "theirs").ShouldRefuse("`actortrain prepare --tokenizer-from runs/gpt2`");
        real.Run("prepare", "--input", "text.txt", "--output", "theirs", "--force", "--tokenizer-from", "runs/gpt2").ShouldSucceed();
        Eval("gpt2", "--data", "theirs").Tokens.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void A_validation_part_shorter_than_a_context_is_evaluated_all_the_same()
    {
        File.WriteAllText(real.At("long.txt"), string.Concat(Enumerable.Repeat("the same tree and the sum. ", 100)));
        foreach (var name in new[] { "brief-1", "brief-2" })
            File.WriteAllText(real.At(name + ".txt"), "so brief");
        real.Run("prepare", "--input", "long.txt", "brief-1.txt", "brief-2.txt", "--output", "brief", "--tokenizer", "bytes", "--held-out",
            "0.006").ShouldSucceed();
        real.Run(TrainedRuns.Small("brief", "data.path=brief", "evaluation.every=10", "evaluation.batches=0")).ShouldSucceed();

        // Every token of it counts, and no other.
        var tokens = new FileInfo(real.At("brief", "held-out-00000.bin")).Length / 2;
        tokens.ShouldBeInRange(9, 32);
        var rows = real.Metrics("brief")
            .Where(static row => row.TryGetProperty("held_out_loss", out _)).ToList();
        rows.Select(static row => row.GetProperty("step").GetInt32()).ShouldBe([10, 20, 30, 40]);
        Eval("brief").ShouldSatisfyAllConditions(
            eval => eval.Tokens.ShouldBe(tokens),
            eval => eval.Loss.ShouldBe(rows[^1].GetProperty("held_out_loss").GetDouble(), 1e-3));

        real.Run("prepare", "--input", "brief-1.txt", "--output", "briefest", "--tokenizer", "bytes", "--held-out", "0").ShouldSucceed();
        Eval("brief", "--data", "briefest", "--part", "train").Tokens.ShouldBe(9);
    }

    [Fact]
    public void A_tokenizer_can_be_taken_from_a_run_or_from_prepared_data()
    {
        foreach (var from in new[] { "runs/gpt2", "data" })
        {
            real.Run("prepare", "--input", "text.txt", "--output", "again", "--tokenizer-from", from, "--force").ShouldSucceed();
            Eval("gpt2", "--data", "again").Loss.ShouldBe(Eval("gpt2").Loss);
        }
    }

    private string Generate(string run, params string[] more) =>
        real.Run(["generate", run, "--prompt", "the same tree", "--tokens", "60", .. more]).ShouldSucceed().Output;

    private (double Loss, double Entropy, long Tokens) Eval(string run, params string[] more)
    {
        var line = real.Run(["eval", run, .. more]).ShouldSucceed().Output;
        var found = EvalLine().Match(line);
        found.Success.ShouldBeTrue(line);
        return (Value("loss"), Value("entropy"), (long)Value("tokens"));

        double Value(string name) => double.Parse(found.Groups[name].Value, CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(
        @"loss (?<loss>[0-9.]+) nats/token, perplexity [0-9.]+, [0-9.]+ bits/byte over (?<tokens>[0-9]+) tokens \(unigram entropy (?<entropy>[0-9.]+)\)")]
    private static partial Regex EvalLine();
}

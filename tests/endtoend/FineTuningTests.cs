using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ActorTrain.Tests.Processes;

namespace ActorTrain.EndToEnd.Tests;

/// <summary><c>sft</c> by real processes that are really killed.</summary>
[Collection(nameof(TunedRuns))]
public sealed class FineTuningTests(TunedRuns real)
{
    [Fact]
    public void A_run_ends_with_the_same_weights_with_two_trainers_and_after_kills_though_its_base_is_gone()
    {
        real.Run(TunedRuns.Small("two", "trainers.count=2")).ShouldSucceed();
        var expected = real.NewestWeights("tuned");
        expected.Step.ShouldBe(TunedRuns.Steps);
        real.NewestWeights("two").ShouldBe(expected);

        FolderCopy.Make(real.At("runs", "base"), real.At("bases", "lost"));
        string[] command = TunedRuns.Small("killed", "base.model=bases/lost", "checkpoints.keep=100");
        foreach (var step in (int[])[1, 4, 11])
        {
            using var killed = real.Start([.. command, "--set", $"trainers.count={1 + (step % 2)}"]);
            WaitForStep(killed, step);
            killed.Kill();
            killed.WaitToEnd();
            if (Directory.Exists(real.At("bases")))
                Directory.Delete(real.At("bases"), recursive: true);
        }

        real.Run(command).ShouldSucceed();
        real.NewestWeights("killed").ShouldBe(expected);
        Losses("killed").ShouldBe(Losses("tuned"));

        // From its beginning, too.
        Directory.Delete(real.At("runs", "killed", "checkpoints"), recursive: true);
        real.Run(command).ShouldSucceed();
        real.NewestWeights("killed").ShouldBe(expected);
    }

    [Fact]
    public void Faults_change_no_bit()
    {
        File.WriteAllText(real.At("faults.yaml"), """
            faults:
            - { step: 3, kind: trainer-exception, actor: trainer-1 }
            - { step: 6, kind: flip-weights }
            - { step: 9, kind: kill }
            - { step: 12, kind: nan-gradient }
            - { step: 15, kind: supervisor-death }
            - { step: 18, kind: message-loss }
            """);
        string[] small = TunedRuns.Small("chaos", "trainers.count=2", "trainers.timeout=2", "trainers.retry_interval=0.3",
            "trainers.restart_backoff_min=0.05", "trainers.max_restarts=20");
        var outcome = real.Run(["chaos", .. small.Skip(1), "--schedule", "faults.yaml", "--report", "chaos.json"]);
        outcome.ExitCode.ShouldBe(0, outcome.Output + outcome.Error);
        var report = Parse(File.ReadAllText(real.At("chaos.json")));
        report.GetProperty("held").GetBoolean().ShouldBeTrue();
        foreach (var run in (string[])["disturbed", "undisturbed"])
            report.GetProperty(run).GetProperty("weights").GetString().ShouldBe(real.NewestWeights("tuned").Hash);
    }

    [Fact]
    public void A_run_is_extended_audited_and_exported_like_any_other()
    {
        real.Run(TunedRuns.Small("longer")).ShouldSucceed();
        real.Run([.. TunedRuns.Small("longer"), "--extend-to", "36"]).ShouldSucceed().Output.ShouldContain("finished all 36 steps");
        real.Run([.. TunedRuns.Small("longer"), "--resume"]).ShouldSucceed().Output.ShouldContain("already finished all 36 steps");
        real.Run("audit", "longer").ShouldSucceed().Output.ShouldName("is clean", "36 steps", $"{36 * 16} positions");
        var status = Parse(real.Run("status", "longer", "--json").ShouldSucceed().Output);
        (status.GetProperty("state").GetString(), status.GetProperty("step").GetInt32()).ShouldBe(("finished", 36));
        real.Run("checkpoints", "longer", "--verify").ShouldSucceed().Output.ShouldContain("36");
        real.Run("plot", "longer", "--output", "longer.svg").ShouldSucceed();

        real.Run("export", "tuned", "--output", "exported").ShouldSucceed();
        real.Run("import", "exported", "--output", "runs/imported").ShouldSucceed();
        real.NewestWeights("imported").Hash.ShouldBe(real.NewestWeights("tuned").Hash);
        real.Run(TunedRuns.Small("again", "base.model=imported", "training.steps=5")).ShouldSucceed();
    }

    [Fact]
    public void It_learns_to_answer_and_to_stop()
    {
        // Once the task is known by heart, each rare error would be a spike.
        real.Run(TunedRuns.Small("learner", "training.steps=600", "evaluation.every=600", "checkpoints.every=0", "spikes.rules=none"))
            .ShouldSucceed();

        // To guess the letters, and whether the word ends, costs more than one nat.
        var loss = ValidationLoss("learner");
        loss.ShouldBeLessThan(0.2);
        var measured = Eval("learner");
        measured.Loss.ShouldBe(loss, 0.001);
        measured.Perplexity.ShouldBe(Math.Exp(loss), 0.01);
        foreach (var (word, answer) in new[] { ("abc", "cba"), ("ed", "de"), ("cab", "bac") })
            real.Run("generate", "learner", "--chat", word, "--greedy", "--tokens", "20").ShouldSucceed().Output.ShouldBe(answer + "\n");
    }

    private (double Loss, double Perplexity) Eval(params string[] arguments)
    {
        var words = real.Run(["eval", .. arguments]).ShouldSucceed().Output.Replace(",", "", StringComparison.Ordinal).Split(' ');
        words.ShouldContain("targets\n");
        return (double.Parse(words[3], CultureInfo.InvariantCulture), double.Parse(words[6], CultureInfo.InvariantCulture));
    }

    private double ValidationLoss(string name) => real.Metrics(name)
        .Last(static row => row.TryGetProperty("held_out_loss", out _)).GetProperty("held_out_loss").GetDouble();

    private IEnumerable<double> Losses(string name) => [.. real.Metrics(name)
        .Where(static row => row.TryGetProperty("loss", out _)).Select(static row => row.GetProperty("loss").GetDouble())];

    private static JsonElement Parse(string text)
    {
        using var json = JsonDocument.Parse(text);
        return json.RootElement.Clone();
    }

    // This step, or a later one if the run resumes behind it.
    private static void WaitForStep(Process process, int least)
    {
        while (process.ReadLine() is { } line)
        {
            if (line.Split(' ', '/') is ["step", var step, ..] && int.Parse(step, CultureInfo.InvariantCulture) >= least)
                return;
        }

        throw new InvalidOperationException(
            $"It never took step {least}: {process.Result(process.StandardError.ReadToEndAsync(), "did not end its errors")}");
    }
}

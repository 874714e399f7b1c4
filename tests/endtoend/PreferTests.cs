using System.Globalization;
using ActorTrain.Tests.Processes;

namespace ActorTrain.EndToEnd.Tests;

/// <summary><c>actortrain prefer</c> on real processes.</summary>
[Collection(nameof(RealRun))]
public sealed class PreferTests
{
    private const int Steps = 40;
    private readonly RealRun real;

    public PreferTests(RealRun real)
    {
        this.real = real;
        if (Directory.Exists(real.RunFolder("prefer-base")))
            return;
        real.ProvideBase("prefer-base");
        var random = new Random(4);
        File.WriteAllLines(real.At("pairs.jsonl"), Enumerable.Range(0, 200).Select(i =>
            $$"""{"prompt": "{{Word(random)}}", "chosen": "good {{Word(random)}} {{i}}", "rejected": "bad {{Word(random)}} {{i}}"}"""));
        real.Run("prepare", "--kind", "pairs", "--input", "pairs.jsonl", "--output", "pairs", "--template", "plain", "--tokenizer-from", "data",
            "--held-out", "0.1").ShouldSucceed();
    }

    [Theory]
    [InlineData("dpo")]
    [InlineData("ipo")]
    [InlineData("simpo")]
    [InlineData("orpo")]
    [InlineData("kto")]
    public void Each_loss_learns_which_completion_is_preferred(string loss)
    {
        Train(loss);
        var evaluations = real.Metrics($"prefer-{loss}").Where(static row => row.TryGetProperty("accuracy", out _)).ToList();
        evaluations[^1].GetProperty("accuracy").GetDouble().ShouldBeGreaterThan(0.95);
        evaluations[^1].GetProperty("held_out_loss").GetDouble()
            .ShouldBeLessThan(evaluations[0].GetProperty("held_out_loss").GetDouble());
        real.Run("audit", $"prefer-{loss}").ShouldSucceed().Output.ShouldName($"{Steps} steps", "180 samples");
    }

    [Fact]
    public void The_weights_are_the_same_for_other_trainers_and_after_kills_without_base_and_reference()
    {
        Train("dpo");
        real.Run(Prefer("prefer-two", "trainers.count=2", "training.threads=1")).ShouldSucceed();
        real.NewestWeights("prefer-two").ShouldBe(real.NewestWeights("prefer-dpo"));

        var killed = 0;
        while (killed < 3)
        {
            using var process = real.Start(Prefer("prefer-killed"));
            if (!KilledAfter(process, step: 5 + 10 * killed))
                break;
            killed++;

            // All that it started from may be gone: it has its own copy, and computes the reference again.
            if (killed == 1)
                Directory.Move(real.RunFolder("prefer-base"), real.At("prefer-base-away"));
            if (killed == 2)
                Directory.Delete(Path.Combine(real.RunFolder("prefer-killed"), "reference"), recursive: true);
        }

        killed.ShouldBe(3);
        real.Run(Prefer("prefer-killed")).ShouldSucceed();
        Directory.Move(real.At("prefer-base-away"), real.RunFolder("prefer-base"));
        real.NewestWeights("prefer-killed").ShouldBe(real.NewestWeights("prefer-dpo"));
    }

    [Fact]
    public void The_reference_point_of_kto_is_the_same_for_all_trainers_and_after_a_kill()
    {
        string[] kto = ["preference.loss=kto", "preference.undesirable_weight=1.5"];
        real.Run(Prefer("kto-one", kto)).ShouldSucceed();
        using (var process = real.Start(Prefer("kto-killed", [.. kto, "trainers.count=2"])))
            KilledAfter(process, step: 15).ShouldBeTrue();
        Directory.Delete(Path.Combine(real.RunFolder("kto-killed"), "reference"), recursive: true);
        real.Run(Prefer("kto-killed", [.. kto, "trainers.count=4"])).ShouldSucceed();
        real.NewestWeights("kto-killed").ShouldBe(real.NewestWeights("kto-one"));

        // Before the first update, policy and reference are equal: each completion costs λ/2.
        real.Metrics("kto-one")[0].GetProperty("loss").GetDouble().ShouldBe(0.625, 1e-12);
        var last = real.Metrics("kto-one").Last(static row => row.TryGetProperty("accuracy", out _));
        var words = real.Run("eval", "kto-one").ShouldSucceed().Output.Replace(",", "", StringComparison.Ordinal).Split(' ');
        double.Parse(words[3], CultureInfo.InvariantCulture).ShouldBe(last.GetProperty("held_out_loss").GetDouble(), 1e-4);
        double.Parse(words[5], CultureInfo.InvariantCulture).ShouldBe(last.GetProperty("accuracy").GetDouble(), 1e-4);
    }

    [Fact]
    public void Faults_of_all_kinds_leave_the_weights_as_they_are() => real.Run(
        ["chaos", .. Prefer("prefer-chaos")[1..], "--faults", "10", "--seed", "11"]).ShouldSucceed().Output.ShouldContain("bit-identical");

    [Fact]
    public void What_does_not_fit_is_refused_and_nothing_is_begun()
    {
        real.Run("prefer", "--set", "data.path=pairs", "--set", "run.name=no").ShouldRefuse("base.model", "actortrain prefer");
        real.Run(Prefer("no", "data.path=data")).ShouldRefuse("data holds text", "actortrain pretrain");
        real.Run(["sft", .. Prefer("no")[1..]]).ShouldRefuse("pairs", "actortrain prefer");
        real.Run(Prefer("no", "model.width=64")).ShouldRefuse("model.width", "prefer-base");
        real.Run(Prefer("no", "preference.loss=dqo")).ShouldRefuse("preference.loss", "dpo");
        real.Run(Prefer("no", "base.model=nowhere")).ShouldRefuse("base.model", "nowhere");
        Directory.Exists(real.RunFolder("no")).ShouldBeFalse();
    }

    // Once for all tests.
    private void Train(string loss)
    {
        if (!Directory.Exists(real.RunFolder($"prefer-{loss}")))
            real.Run(Prefer($"prefer-{loss}", $"preference.loss={loss}")).ShouldSucceed();
    }

    private static string[] Prefer(string name, params string[] more) =>
    [
        "prefer",
        .. new[]
        {
            $"run.name={name}", "base.model=prefer-base", "data.path=pairs", $"training.steps={Steps}", "training.batch=8", "training.lanes=4",
            "training.micro_batch=1", "training.learning_rate=0.001", "training.warmup_steps=5", "training.threads=1", "evaluation.every=10",
            "checkpoints.every=5", "preference.beta=0.5",
        }
        .Concat(more).SelectMany(static setting => new[] { "--set", setting }),
    ];

    private static string Word(Random random) =>
        string.Concat(Enumerable.Range(0, random.Next(2, 6)).Select(_ => (char)('a' + random.Next(26))));

    // Whether it had not ended by then.
    private static bool KilledAfter(System.Diagnostics.Process process, int step)
    {
        while (process.ReadLine() is { } line)
        {
            if (line.Split(' ') is not ["checkpoint", "step", var saved, ..] || int.Parse(saved, CultureInfo.InvariantCulture) < step)
                continue;
            process.Kill();
            process.WaitToEnd();
            return true;
        }

        process.WaitToEnd();
        return false;
    }
}

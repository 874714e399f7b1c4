using System.Globalization;
using System.Text.Json;
using ActorTrain.Tests.Processes;

namespace ActorTrain.EndToEnd.Tests;

/// <summary><c>actortrain reward</c> on real processes.</summary>
[Collection(nameof(RealRun))]
public sealed class RewardTests
{
    private const int Steps = 30;
    private readonly RealRun real;

    public RewardTests(RealRun real)
    {
        this.real = real;
        if (Directory.Exists(real.RunFolder("reward-base")))
            return;
        real.ProvideBase("reward-base");
        var random = new Random(4);
        File.WriteAllLines(real.At("judged.jsonl"), Enumerable.Range(0, 200).Select(i => $$"""
            {"prompt": "{{Word(random)}}", "chosen": "good {{Word(random)}} {{i}}", "rejected": "bad {{Word(random)}} {{i}}", "margin": 0.5}
            """));
        File.WriteAllLines(real.At("ranked.jsonl"), Enumerable.Range(0, 100).Select(_ =>
            $$"""{"prompt": "{{Word(random)}}", "completions": ["aaa{{Word(random)}}", "aa{{Word(random)}}", "{{Word(random)}}"]}"""));
        Prepare("pairs", "judged");
        Prepare("rankings", "ranked");
    }

    [Fact]
    public void Pairs_are_learnt_and_the_weights_are_the_same_for_other_trainers_and_after_kills()
    {
        real.Run(Reward("judge")).ShouldSucceed().Output.ShouldContain("actortrain eval judge");
        var evaluations = real.Metrics("judge").Where(static row => row.TryGetProperty("accuracy", out _)).ToList();
        evaluations[^1].GetProperty("accuracy").GetDouble().ShouldBeGreaterThan(0.95);
        var (loss, accuracy) = Measured("judge");
        loss.ShouldBe(evaluations[^1].GetProperty("held_out_loss").GetDouble(), 1e-4);
        accuracy.ShouldBe(evaluations[^1].GetProperty("accuracy").GetDouble(), 1e-4);
        real.Run("audit", "judge").ShouldSucceed().Output.ShouldName($"{Steps} steps", "180 samples");

        // All that it started from may be gone: it has its own copy.
        real.Kill(
            "judge-killed", [(5, Reward("judge-killed", "trainers.count=1")), (15, Reward("judge-killed", "trainers.count=2"))]);
        Directory.Move(real.RunFolder("reward-base"), real.At("reward-base-away"));
        real.Run(Reward("judge-killed", "trainers.count=4")).ShouldSucceed();
        Directory.Move(real.At("reward-base-away"), real.RunFolder("reward-base"));
        real.NewestWeights("judge-killed").ShouldBe(real.NewestWeights("judge"));

        // The normalisation follows from the weights: it is the same, and comes again if it was lost.
        var scale = File.ReadAllText(At("judge"));
        JsonDocument.Parse(scale).RootElement.GetProperty("source").GetProperty("samples").GetInt64().ShouldBe(360);
        File.ReadAllText(At("judge-killed")).ShouldBe(scale);
        File.Delete(At("judge"));
        real.Run(Reward("judge")).ShouldSucceed().Output.ShouldContain("already finished");
        File.ReadAllText(At("judge")).ShouldBe(scale);

        // A reward model writes no text and is no beginning of another; transformers may have it.
        real.Run("generate", "judge").ShouldRefuse("runs/judge is a reward model", "scores");
        real.Run(["prefer", .. Reward("no", "base.model=judge")[1..]]).ShouldRefuse("base.model", "judge is a reward model");
        real.Run("eval", "judge", "--data", "data").ShouldRefuse("data holds text", "`actortrain eval` takes pairs or rankings");
        real.Run("export", "judge", "--output", "judge-exported").ShouldSucceed();
        File.ReadAllText(real.At("judge-exported", "config.json")).ShouldContain("GPT2ForSequenceClassification");
        real.Run("import", "judge-exported", "--output", "runs/no").ShouldRefuse("GPT2ForSequenceClassification");
    }

    [Fact]
    public void Rankings_are_learnt_and_faults_leave_the_weights_as_they_are()
    {
        File.WriteAllText(real.At("ranked-faults.yaml"), """
            faults:
            - { step: 6, kind: trainer-exception, actor: trainer-0 }
            - { step: 12, kind: flip-weights }
            - { step: 21, kind: kill }
            """);
        real.Run(["chaos", .. Reward("ranker", "data.path=ranked", "model.output=score", "reward.centering=0.01")[1..], "--schedule",
            "ranked-faults.yaml"]).ShouldSucceed().Output.ShouldContain("bit-identical");
        var measured = Measured("runs/ranker-chaos/ranker-disturbed", "--data", "ranked");
        measured.Accuracy.ShouldBeGreaterThan(0.8);
    }

    [Fact]
    public void What_does_not_fit_is_refused_and_nothing_is_begun()
    {
        real.Run("reward", "--set", "data.path=judged", "--set", "run.name=no").ShouldRefuse("base.model", "actortrain reward");
        real.Run(Reward("no", "data.path=data")).ShouldRefuse("data holds text", "actortrain pretrain");
        real.Run(Reward("no", "model.output=logits")).ShouldRefuse("model.output is logits", "omit model.output");
        real.Run(["prefer", .. Reward("no", "model.output=score")[1..]]).ShouldRefuse("model.output is score", "omit model.output");
        real.Run(["prefer", .. Reward("no", "data.path=ranked")[1..]]).ShouldRefuse("ranked holds rankings", "actortrain reward");
        real.Run(Reward("no", "model.width=64")).ShouldRefuse("model.width", "reward-base");
        Directory.Exists(real.RunFolder("no")).ShouldBeFalse();
    }

    private static string[] Reward(string name, params string[] more) =>
    [
        "reward",
        .. new[]
        {
            $"run.name={name}", "base.model=reward-base", "data.path=judged", $"training.steps={Steps}", "training.batch=8",
            "training.lanes=4", "training.micro_batch=1", "training.learning_rate=0.001", "training.warmup_steps=5", "training.threads=1",
            "evaluation.every=20", "checkpoints.every=5",
        }
        .Concat(more).SelectMany(static setting => new[] { "--set", setting }),
    ];

    private void Prepare(string kind, string name) => real.Run("prepare", "--kind", kind, "--input", $"{name}.jsonl", "--output", name,
        "--template", "plain", "--tokenizer-from", "data", "--held-out", "0.1").ShouldSucceed();

    private (double Loss, double Accuracy) Measured(params string[] arguments)
    {
        var words = real.Run(["eval", .. arguments]).ShouldSucceed().Output.Replace(",", "", StringComparison.Ordinal).Split(' ');
        return (double.Parse(words[3], CultureInfo.InvariantCulture), double.Parse(words[5], CultureInfo.InvariantCulture));
    }

    private string At(string run) => Path.Combine(real.RunFolder(run), "reward.json");

    private static string Word(Random random) =>
        string.Concat(Enumerable.Range(0, random.Next(2, 6)).Select(_ => (char)('a' + random.Next(26))));
}

using System.Globalization;
using ActorTrain.Tests.Processes;

namespace ActorTrain.EndToEnd.Tests;

/// <summary><c>actortrain rlhf</c> with a critic, on real processes.</summary>
[Collection(nameof(TunedRuns))]
public sealed class PpoTests
{
    private const int Steps = 12, Window = 4;
    private readonly TunedRuns real;

    public PpoTests(TunedRuns real)
    {
        this.real = real;
        if (Directory.Exists(real.At("asked")))
            return;
        File.WriteAllLines(real.At("asked.jsonl"), Enumerable.Range(0, 60).Select(static i =>
            $$"""{"prompt": "{{Word(i)}}", "answer": "{{string.Concat(Word(i).Reverse())}}"}"""));
        real.Run("prepare", "--kind", "prompts", "--input", "asked.jsonl", "--output", "asked", "--tokenizer-from", "tuned")
            .ShouldSucceed();
    }

    [Fact]
    public void Policy_and_critic_are_the_same_for_other_actors_and_after_kills_and_the_policy_stands_alone()
    {
        real.Run(Ppo("ppo")).ShouldSucceed().Output.ShouldName("value_loss");
        var figures = real.Metrics("ppo")[^1].GetProperty("rollouts");
        figures.GetProperty("value_loss").GetDouble().ShouldBeGreaterThan(0);
        figures.TryGetProperty("explained_variance", out _).ShouldBeTrue();

        // Each batch is trained on twice; at the beginning of a window the policy is still the one that sampled.
        var rows = real.Metrics("ppo");
        foreach (var (step, row) in rows.Index())
        {
            var policy = row.GetProperty("policy");
            (policy.GetProperty("largest_log_ratio").GetDouble() == 0).ShouldBe(step % Window == 0, $"step {step}");
        }

        rows.Select(static row => row.GetProperty("rollouts").GetProperty("kl_coefficient").GetDouble()).Distinct().Count()
            .ShouldBe(Steps / Window);

        real.Run(Ppo("ppo-two", "trainers.count=2", "rollouts.workers=2", "rollouts.slots=3")).ShouldSucceed();
        real.NewestWeights("ppo-two").ShouldBe(real.NewestWeights("ppo"));

        real.Kill(
            "ppo-killed", [(4, Ppo("ppo-killed")), (8, Ppo("ppo-killed"))],
            between: () => Directory.Delete(Path.Combine(real.RunFolder("ppo-killed"), "rollouts"), recursive: true));
        real.Run(Ppo("ppo-killed")).ShouldSucceed();
        real.NewestWeights("ppo-killed").ShouldBe(real.NewestWeights("ppo"));
        real.Run("replay", "ppo-killed", "--repair").ShouldSucceed();
        real.Run("audit", "ppo-killed").ShouldSucceed();

        // Whoever uses the run sees the policy alone.
        real.Run("generate", "ppo", "--prompt", "abc", "--tokens", "4").ShouldSucceed();
        real.Run("export", "ppo", "--output", "ppo-exported").ShouldSucceed();
        real.Run(TunedRuns.Small("after-ppo", "base.model=ppo", "training.steps=4", "training.warmup_steps=1")).ShouldSucceed();
    }

    [Fact]
    public void A_critic_starts_with_a_reward_model_of_which_the_run_keeps_a_copy()
    {
        File.WriteAllLines(real.At("ppo-pairs.jsonl"), Enumerable.Range(0, 40).Select(static i =>
            $$"""{"prompt": "{{Word(i)}}", "chosen": "good {{i}}", "rejected": "bad {{i}}"}"""));
        real.Run("prepare", "--kind", "pairs", "--input", "ppo-pairs.jsonl", "--output", "ppo-pairs", "--tokenizer-from", "tuned",
            "--held-out", "0.2").ShouldSucceed();
        real.Run(["reward", .. TunedRuns.Small("ppo-judge", "base.model=tuned", "data.path=ppo-pairs", "training.steps=3",
            "training.warmup_steps=1", "training.batch=4")[1..]]).ShouldSucceed();

        real.Run(Ppo("ppo-judged", "critic.model=ppo-judge", "training.steps=4")).ShouldSucceed();
        Directory.Move(real.RunFolder("ppo-judge"), real.At("ppo-judge-away"));
        real.Run(Ppo("ppo-judged", "critic.model=ppo-judge", "training.steps=4", "training.threads=2")).ShouldSucceed()
            .Output.ShouldContain("already finished");
        real.Run(Ppo("no", "critic.model=ppo-judge")).ShouldRefuse("critic.model", "ppo-judge");
        Directory.Move(real.At("ppo-judge-away"), real.RunFolder("ppo-judge"));
        real.Run(Ppo("ppo-unjudged", "training.steps=4")).ShouldSucceed();
        real.NewestWeights("ppo-unjudged").ShouldNotBe(real.NewestWeights("ppo-judged"));
    }

    [Fact]
    public void What_does_not_go_together_is_refused_and_nothing_is_begun()
    {
        real.Run(Ppo("no", "advantages.estimator=grpo", "critic.clip=0")).ShouldRefuse("advantages.estimator", "critic");
        real.Run(Ppo("no", "critic.model=tuned")).ShouldRefuse("critic.model", "tuned is a language model", "actortrain reward");
        real.Run(Ppo("no", "critic.model=nothing")).ShouldRefuse("critic.model", "nothing");
        real.Run(Ppo("no", "critic.coefficient=0")).ShouldRefuse("critic.coefficient");
        Directory.Exists(real.RunFolder("no")).ShouldBeFalse();
    }

    private static string[] Ppo(string name, params string[] more) =>
    [
        "rlhf",
        .. new[]
        {
            $"run.name={name}", "base.model=tuned", "data.path=asked", "advantages.estimator=gae", "advantages.kl_coefficient=0.05",
            "scoring.function=similarity", "rollouts.samples=2", "rollouts.max_tokens=6", "rollouts.epochs=2", $"rollouts.window={Window}",
            "advantages.kl_target=0.2", "advantages.kl_horizon=50", $"training.steps={Steps}", "training.batch=8",
            "training.lanes=4", "training.learning_rate=0.001", "training.warmup_steps=1", "training.threads=1", "checkpoints.every=2",
        }
        .Concat(more).SelectMany(static setting => new[] { "--set", setting }),
    ];

    private static string Word(int i) => $"{(char)('a' + i % 5)}{(char)('a' + i / 5 % 5)}{(char)('a' + i / 25 % 5)}";
}

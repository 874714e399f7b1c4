using System.Globalization;
using System.Text.Json;
using ActorTrain.Persistence.Rollouts;
using ActorTrain.Tests.Processes;

namespace ActorTrain.EndToEnd.Tests;

/// <summary><c>actortrain rlhf</c> on real processes, and what looks at its rollouts.</summary>
[Collection(nameof(RealRun))]
public sealed class RlhfTests
{
    private const int Steps = PolicyRuns.Steps;
    private const int PerStep = 8 * 4;
    private readonly RealRun real;

    public RlhfTests(RealRun real)
    {
        this.real = real;
        PolicyRuns.Provide(real);
    }

    // A2, A3, A5, A10, A11.
    [Fact]
    public void The_weights_are_the_same_for_other_actors_and_after_kills_without_the_ledger()
    {
        var rows = real.Metrics("policy").Where(static row => row.TryGetProperty("rollouts", out _)).ToList();
        rows.Count.ShouldBe(Steps);
        rows.ShouldAllBe(static row => row.GetProperty("rollouts").GetProperty("rollouts").GetInt32() == PerStep);

        // Before the first update, the policy is the base model to the bit.
        rows[0].GetProperty("rollouts").GetProperty("divergence").GetDouble().ShouldBe(0);
        rows[^1].GetProperty("rollouts").GetProperty("divergence").GetDouble().ShouldNotBe(0);

        real.Run(Rlhf("policy-more", "trainers.count=2", "rollouts.workers=3", "rollouts.slots=5", "audit.every=2")).ShouldSucceed();
        real.NewestWeights("policy-more").ShouldBe(real.NewestWeights("policy"));

        real.Kill(
            "policy-killed",
            [(2, Rlhf("policy-killed", "rollouts.workers=1")), (6, Rlhf("policy-killed", "rollouts.workers=4"))],
            between: () => Directory.Delete(Ledger("policy-killed"), recursive: true));
        real.Run(Rlhf("policy-killed", "rollouts.workers=2")).ShouldSucceed();
        real.NewestWeights("policy-killed").ShouldBe(real.NewestWeights("policy"));

        // What was deleted is found missing, sampled again, and then the same as in the run that was left alone.
        real.Run("audit", "policy-killed").ExitCode.ShouldBe(1);
        real.Run("replay", "policy-killed", "--repair").ShouldSucceed();
        real.Run("audit", "policy-killed").ShouldSucceed();
        foreach (var file in Directory.GetFiles(Ledger("policy")))
            File.ReadAllText(Path.Combine(Ledger("policy-killed"), Path.GetFileName(file))).ShouldBe(File.ReadAllText(file));
    }

    // A8, A9.
    [Fact]
    public void Past_rollouts_are_shown_audited_and_sampled_again_to_the_bit()
    {
        real.Run("replay", "policy", "--count", "100", "--seed", "3").ShouldSucceed().Output.ShouldName("100 rollouts sampled again, equal");
        real.Run("replay", "policy", "--step", "5", "--prompt", "41", "--sample", "2").ShouldSucceed().Output.ShouldName("1 rollout sampled again, equal");

        using var audit = JsonDocument.Parse(real.Run("audit", "policy", "--json").ShouldSucceed().Output);
        audit.RootElement.GetProperty("rollouts").GetProperty("rollouts").GetInt64().ShouldBe(Steps * PerStep);
        audit.RootElement.GetProperty("rollouts").GetProperty("rewards_compared").GetInt64().ShouldBe(Steps * PerStep);

        using var shown = JsonDocument.Parse(
            real.Run("rollouts", "policy", "--step", "5", "--prompt", "41", "--order", "best", "--json").ShouldSucceed().Output);
        var prompt = shown.RootElement.GetProperty("prompts").EnumerateArray().Single();
        prompt.GetProperty("prompt").GetString()!.ShouldContain("reverse ");
        var answers = prompt.GetProperty("answers").EnumerateArray().ToList();
        var rewards = answers.ConvertAll(static answer => answer.GetProperty("reward").GetDouble());
        rewards.Count.ShouldBe(4);
        rewards.ShouldBe(rewards.OrderDescending());
        answers.Sum(static answer => answer.GetProperty("advantage").GetDouble()).ShouldBe(0, 1e-9);
        real.Run("rollouts", "policy", "--samples", "1").ShouldSucceed().Output.ShouldName($"step {Steps - 1}: {PerStep} rollouts");

        real.Run("plot", "policy", "--output", "policy.svg").ShouldSucceed();
        var measured = real.Run("eval", "policy").ShouldSucceed().Output;
        measured.ShouldName("greedy", "10 prompts");
        real.Run("eval", "policy").ShouldSucceed().Output.ShouldBe(measured);

        real.Run("rollouts", "policy", "--step", "99").ShouldRefuse("step 99", $"0–{Steps - 1}");
        real.Run("rollouts", "policy-base").ShouldRefuse("runs/policy-base has no rollouts", "actortrain rlhf");
        real.Run("replay", "policy", "--step", "5", "--prompt", "1").ShouldRefuse("position 1", "40–47");
    }

    [Fact]
    public void Rollouts_of_earlier_weights_and_their_values_are_sampled_again_too()
    {
        real.Run(Rlhf("policy-lag", "advantages.estimator=gae", "rollouts.lag=2", "rollouts.window=4")).ShouldSucceed();
        real.Run("audit", "policy-lag").ShouldSucceed();
        real.Run("replay", "policy-lag", "--count", "12").ShouldSucceed();
        var file = Path.Combine(Ledger("policy-lag"), "step-00000006.jsonl");
        var intact = File.ReadAllText(file);
        File.Delete(file);
        real.Run("replay", "policy-lag", "--step", "9", "--count", "2").ShouldSucceed();
        real.Run("replay", "policy-lag", "--repair").ShouldSucceed();
        File.ReadAllText(file).ShouldBe(intact);
    }

    [Fact]
    public void Whoever_makes_rollouts_may_break_and_the_weights_are_the_same()
    {
        File.WriteAllText(real.At("rlhf-faults.yaml"), """
            faults:
              - { step: 1, kind: sampler-slow, seconds: 0.2 }
              - { step: 1, kind: sampler-exception }
              - { step: 2, kind: reward-death }
              - { step: 2, kind: reference-death }
              - { step: 3, kind: critic-death }
              - { step: 4, kind: ledger-death }
              - { step: 5, kind: rollouts-supervisor-death }
              - { step: 6, kind: flip-sampler }
              - { step: 7, kind: sampler-wrong }
              - { step: 8, kind: ledger-torn }
              - { step: 9, kind: flip-snapshot }
              - { step: 10, kind: sampler-hang, seconds: 3 }
            """);
        real.Run(
            [
                "chaos",
                .. Rlhf("policy-chaos", "advantages.estimator=gae", "rollouts.workers=2", "trainers.timeout=2",
                    "trainers.retry_interval=0.3", "trainers.restart_backoff_min=0.05")[1..],
                "--schedule", "rlhf-faults.yaml",
            ]).ShouldSucceed().Output.ShouldName("Passed");
        real.Run("audit", "runs/policy-chaos-chaos/policy-chaos-disturbed").ShouldSucceed();
        real.Run("replay", "runs/policy-chaos-chaos/policy-chaos-disturbed", "--count", "10").ShouldSucceed();
    }

    [Fact]
    public void A_damaged_file_of_rollouts_is_found_and_repaired()
    {
        // A run is known to its journal by its name.
        const string Damaged = "copies/policy";
        FolderCopy.Make(real.RunFolder("policy"), real.At(Damaged));
        var file = real.At(Damaged, "rollouts", "step-00000007.jsonl");
        var intact = File.ReadAllText(file);
        File.WriteAllText(file, intact.Replace("\"sample\":2", "\"sample\":1", StringComparison.Ordinal));
        var audit = real.Run("audit", Damaged);
        audit.ExitCode.ShouldBe(1);
        audit.Output.ShouldName("step-00000007.jsonl is damaged", "--repair");
        real.Run("rollouts", Damaged, "--step", "7").ShouldRefuse("step-00000007.jsonl is damaged", "--repair");

        // What a later step needs of it is sampled again, and not written.
        real.Run("replay", Damaged, "--step", "8", "--count", "2").ShouldSucceed();
        File.ReadAllText(file).ShouldNotBe(intact);
        real.Run("replay", Damaged, "--repair").ShouldSucceed();
        File.ReadAllText(file).ShouldBe(intact);
        real.Run("audit", Damaged).ShouldSucceed();

        // The file of another step is not that of this one.
        File.Copy(real.At("runs", "policy", "rollouts", "step-00000002.jsonl"), file, overwrite: true);
        real.Run("audit", Damaged).ExitCode.ShouldBe(1);
    }

    // A reference that always computes other bits agrees with itself in audits.
    [Fact]
    public void A_log_probability_of_the_base_model_that_was_kept_wrong_is_found_by_a_replay()
    {
        const string Wrong = "wrong/policy";
        const int Last = Steps - 1;
        FolderCopy.Make(real.RunFolder("policy"), real.At(Wrong));
        var ledger = new RolloutLedger(real.At(Wrong, "rollouts"));
        var kept = ledger.Read(Last).ShouldNotBeNull();
        var group = kept.Groups[2];
        var right = group.Samples[1];
        var wrong = right with { Reference = [MathF.BitIncrement(right.Reference[0]), .. right.Reference.Skip(1)] };
        ledger.Write(kept with
        {
            Groups =
            [
                .. kept.Groups.Select(one => one != group ? one
                    : group with { Samples = [group.Samples[0], wrong, .. group.Samples.Skip(2)] }),
            ],
        });
        var replay = real.Run("replay", Wrong, "--step", $"{Last}");
        replay.ExitCode.ShouldBe(1);
        replay.Error.ShouldName($"position {group.Position}, sample 1: token 0 has log-probability", "under the base model");
        real.Run("replay", Wrong, "--step", $"{Last}", "--prompt", $"{group.Position}", "--sample", "0").ShouldSucceed();
    }

    [Fact]
    public void What_does_not_fit_is_refused_and_nothing_is_begun()
    {
        File.WriteAllText(real.At("silent.jsonl"), """{"prompt": "one"}""" + "\n" + """{"prompt": "two"}""" + "\n");
        Prepare("silent.jsonl", "silent", "--held-out", "0");
        File.WriteAllText(real.At("endless.jsonl"), $$"""{"prompt": "{{new string('a', 60)}}", "answer": "b"}""" + "\n");
        Prepare("endless.jsonl", "endless", "--held-out", "0");
        real.Run("prepare", "--kind", "prompts", "--input", "reverse/prompts.jsonl", "--output", "foreign", "--tokenizer", "bytes",
            "--special", "<x>", "--template", "plain", "--held-out", "0").ShouldSucceed();
        var before = real.Snapshot();
        real.Run("rlhf", "--set", "data.path=prompts", "--set", "run.name=no").ShouldRefuse("base.model", "actortrain rlhf");
        real.Run(Rlhf("no", "data.path=data")).ShouldRefuse("data holds text", "actortrain pretrain");
        real.Run(["prefer", .. Rlhf("no")[1..]]).ShouldRefuse("prompts", "actortrain rlhf");
        real.Run(Rlhf("no", "data.path=endless")).ShouldRefuse("endless holds a prompt of", "context of 32", "--max-tokens");
        real.Run(Rlhf("no", "scoring.function=similarty")).ShouldRefuse("scoring.function", "similarity");
        real.Run(Rlhf("no", "data.path=silent")).ShouldRefuse("prompt 1 of silent", "answer");
        real.Run(Rlhf("no", "data.path=foreign")).ShouldRefuse("tokenizer", "--tokenizer-from policy-base");
        real.Run(Rlhf("no", "rollouts.max_tokens=40")).ShouldRefuse("rollouts.max_tokens");
        real.Snapshot().ShouldBe(before);
    }

    private static string[] Rlhf(string name, params string[] more) => PolicyRuns.Rlhf(name, more);

    private void Prepare(string input, string output, params string[] more) => PolicyRuns.Prepare(real, input, output, more);

    private string Ledger(string run) => PolicyRuns.Ledger(real, run);
}

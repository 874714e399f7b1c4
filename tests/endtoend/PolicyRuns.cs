using ActorTrain.Tests.Processes;

namespace ActorTrain.EndToEnd.Tests;

/// <summary>A small policy that was trained without a disturbance, <see cref="Undisturbed"/>, with what others of its kind begin
/// with.</summary>
internal static class PolicyRuns
{
    public const string Undisturbed = "policy";
    public const int Steps = 12;

    /// <summary>Trains it, unless it is there.</summary>
    public static void Provide(RealRun real)
    {
        if (Directory.Exists(real.RunFolder(Undisturbed)))
            return;
        real.ProvideBase("policy-base");
        real.Run("task", "reverse", "--output", "reverse", "--count", "100", "--demonstrations", "10").ShouldSucceed();
        Prepare(real, "reverse/prompts.jsonl", "prompts", "--held-out", "0.1");
        real.Run(Rlhf(Undisturbed)).ShouldSucceed();
    }

    /// <summary>The arguments that train such a policy to the end.</summary>
    public static string[] Rlhf(string name, params string[] more) =>
    [
        "rlhf",
        .. new[]
        {
            $"run.name={name}", "base.model=policy-base", "data.path=prompts", $"training.steps={Steps}", "training.batch=8",
            "training.lanes=4", "training.micro_batch=1", "training.learning_rate=0.001", "training.warmup_steps=3", "training.threads=1",
            "checkpoints.every=3", "checkpoints.keep=2", "rollouts.samples=4", "rollouts.max_tokens=6", "policy.kl_coefficient=0.01",
            "scoring.function=similarity - 0.01*length",
        }
        .Concat(more).SelectMany(static setting => new[] { "--set", setting }),
    ];

    public static void Prepare(RealRun real, string input, string output, params string[] more)
    {
        if (!Directory.Exists(real.At(output)))
        {
            real.Run(["prepare", "--kind", "prompts", "--input", input, "--output", output, "--template", "plain",
                "--tokenizer-from", "data", .. more]).ShouldSucceed();
        }
    }

    /// <summary>The folder of a run's rollouts.</summary>
    public static string Ledger(RealRun real, string run) => Path.Combine(real.RunFolder(run), "rollouts");
}

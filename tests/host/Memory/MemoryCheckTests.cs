using System.Text.RegularExpressions;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Memory;
using ActorTrain.Models;
using ActorTrain.Models.Generation;
using ActorTrain.Persistence.Machine;

namespace ActorTrain.Host.Tests.Memory;

public sealed partial class MemoryCheckTests
{
    private static readonly string[] Given =
        ["data.path=d", "model.depth=12", "trainers.count=4", "checkpoints.snapshots=8", "training.batch=64", "training.lanes=8",
            "training.micro_batch=8", "model.context=1024"];

    private static readonly RunConfiguration Run = RunFile.Read(null, Given);

    private static readonly ModelOptions Shape = Run.ModelFor(32_000);

    [Fact]
    public void What_fits_is_not_refused_and_what_does_not_is_with_numbers_unless_forced()
    {
        var plan = MemoryPlan.ToTrain(Run, Shape, isFused: true);
        Check(plan.Bytes * 1.01).RequireToTrain(Run, Shape, isFused: true, hasBegun: false).Bytes.ShouldBe(plan.Bytes);
        var message = Refusal(plan.Bytes * 0.99, hasBegun: false);
        message.ShouldContain(MemoryPlan.Words(plan.Bytes));
        message.ShouldContain("weights and moments");
        message.ShouldContain("--force");
        new MemoryCheck(isForced: true, new AvailableMemory(0, 1, "test")).RequireToTrain(Run, Shape, isFused: true, hasBegun: false);
    }

    [Fact]
    public void The_advice_fits_and_costs_the_least()
    {
        var said = new List<string>();
        for (var bytes = MemoryPlan.ToTrain(Run, Shape, isFused: true).Bytes * 0.99; bytes > 1 << 28; bytes *= 0.9)
        {
            var message = Refusal(bytes, hasBegun: false);
            said.Add(message);
            var settings = Setting().Matches(message).Select(static found => found.Groups[1].Value);
            var advised = RunFile.Read(null, [.. Given, .. settings]);
            (MemoryPlan.ToTrain(advised, Shape, isFused: true).Bytes <= bytes)
                .ShouldBe(!message.Contains("even --set", StringComparison.Ordinal), message);
        }

        said[0].ShouldContain("--set checkpoints.snapshots=2 lowers");
        said[^1].ShouldContain("even --set checkpoints.snapshots=2 --set trainers.count=1 --set training.recompute=block --set training.micro_batch=1");
        said[^1].ShouldContain("model.depth");
        Refusal(1 << 28, hasBegun: true).ShouldNotContain("micro_batch=");
    }

    [Fact]
    public void More_of_anything_needs_more()
    {
        foreach (var isFused in new[] { true, false })
        {
            var plan = MemoryPlan.ToTrain(Run, Shape, isFused);
            foreach (var setting in new[] { "trainers.count=8", "checkpoints.snapshots=9", "training.micro_batch=4", "model.depth=13",
                "training.precision=bfloat16", "training.recompute=mlp", "training.lanes=16 training.batch=128" })
            {
                var other = RunFile.Read(null, [.. Given, .. setting.Split(' ')]);
                var isForFused = setting is "training.precision=bfloat16" or "training.recompute=mlp";
                var isLess = isForFused || setting == "training.micro_batch=4";
                if (isFused || !isForFused)
                    (MemoryPlan.ToTrain(other, other.ModelFor(32_000), isFused).Bytes < plan.Bytes).ShouldBe(isLess, setting);
            }
        }
    }

    [Fact]
    public void Each_worker_and_each_model_of_rollouts_needs_more()
    {
        var training = MemoryPlan.ToTrain(Run, Shape, isFused: true).Bytes;
        var one = Rollouts();
        one.ShouldBeGreaterThan(training);
        Rollouts("rollouts.workers=2").ShouldBe(one + one - training, 1);
        Rollouts("rollouts.slots=128").ShouldBeGreaterThan(one);
        var compared = Rollouts("advantages.kl_coefficient=0.1");
        compared.ShouldBeGreaterThan(one);
        var vector = new ModelMemory(Shape).Vector;
        Of(Shape with { Critic = true }, "advantages.estimator=gae", "advantages.kl_coefficient=0.1").ShouldBeGreaterThan(
            compared + 20 * vector);

        static double Rollouts(params string[] more) => Of(Shape, more);

        static double Of(ModelOptions shape, params string[] more) =>
            MemoryPlan.ToTrain(RunFile.Read(null, [.. Given, .. more]), shape, isFused: true, hasRollouts: true).Bytes;
    }

    [Fact]
    public void More_texts_need_more_up_to_those_that_are_written_side_by_side()
    {
        var bytes = new[] { 1, 2, TextGenerator.MostAtOnce, 10 * TextGenerator.MostAtOnce }
            .Select(static texts => MemoryPlan.ToGenerate(new ModelMemory(Shape), prompt: 10, tokens: 200, texts).Bytes).ToArray();
        bytes[1].ShouldBeGreaterThan(bytes[0]);
        bytes[2].ShouldBeGreaterThan(bytes[1]);
        bytes[3].ShouldBe(bytes[2]);
        foreach (var less in new[]
                 {
                     MemoryPlan.ToGenerate(new ModelMemory(Shape, Precision.BFloat16), prompt: 10, tokens: 200, texts: 1),
                     MemoryPlan.ToGenerate(new ModelMemory(Shape), prompt: 10, tokens: 100, texts: 1),
                 })
            less.Bytes.ShouldBeLessThan(bytes[0]);
        MemoryPlan.ToGenerate(new ModelMemory(Shape), prompt: 10, tokens: int.MaxValue, texts: 1).Bytes.ShouldBeLessThan(2 * bytes[0]);
        MemoryPlan.ToGenerate(new ModelMemory(Shape, IsFused: false), prompt: 10, tokens: 200, texts: 9).Bytes.ShouldBe(
            MemoryPlan.ToGenerate(new ModelMemory(Shape, IsFused: false), prompt: 10, tokens: 200, texts: 1).Bytes);
    }

    private static string Refusal(double bytes, bool hasBegun) =>
        Should.Throw<UserErrorException>(() => Check(bytes).RequireToTrain(Run, Shape, isFused: true, hasBegun)).Message;

    private static MemoryCheck Check(double bytes) => new(isForced: false, new AvailableMemory((long)bytes, 1L << 40, "test"));

    [GeneratedRegex(@"--set (\S+)")]
    private static partial Regex Setting();
}

using ActorTrain.Host.Progress;
using ActorTrain.Models.Rollouts;
using Microsoft.Extensions.Time.Testing;
using Spectre.Console;

namespace ActorTrain.Host.Tests;

public sealed class ProgressTests : IDisposable
{
    private readonly FakeTimeProvider time = new();
    private readonly StringWriter output = new() { NewLine = "\n" };

    public void Dispose() => output.Dispose();

    private static StepProgress Step(long step, long total = 1000) =>
        new(step, total, 3.21456, 0.81234, 6e-4, 12345.6, 0.6321, TimeSpan.FromSeconds(3754));

    [Fact]
    public void Plain_lines_are_exact()
    {
        using (var progress = new PlainProgress(output, time))
        {
            progress.Note("training book");
            progress.Report(Step(1));
            progress.Report(new EvaluationProgress(1, 3.5, 1.9));
            progress.Report(new EvaluationProgress(2, 9, null));
            progress.Report(new CheckpointProgress(1, "runs/book/checkpoints/step-00000001"));
            progress.Warning("the checkpoint of step 0 is torn");
        }

        output.ToString().ShouldBe("""
            training book
            step 1/1000 loss 3.2146 grad_norm 0.8123 lr 6.000e-4 tokens/s 12346 mfu 63.2% eta 1:02:34
            eval step 1 loss 3.5000 perplexity 33.115 bits_per_byte 1.9000
            eval step 2 loss 9.0000 perplexity 8103.1
            checkpoint step 1 runs/book/checkpoints/step-00000001
            warning: the checkpoint of step 0 is torn

            """);
    }

    [Fact]
    public void A_step_of_a_policy_shows_its_reward_by_parts_its_completions_and_the_age_of_the_weights_that_sampled()
    {
        var rollouts = new RolloutSummary(
            4, 50, Unscored: 1, Reward: 0.25, Parts: [0.5, -0.25], Divergence: 1.5, Entropy: 0.75, Ended: 0.5, Spread: 1);
        using (var progress = new PlainProgress(output, time))
            progress.Report(Step(3) with { Rollouts = rollouts, RewardParts = ["exact", "share(\"[\")"], Age = 2 });
        output.ToString().ShouldStartWith(
            "step 3/1000 reward 0.2500 (exact 0.5000, share(\"[\") -0.2500) length 12.5 ended 50.0% entropy 0.7500 kl 1.500 age 2 loss");
    }

    [Fact]
    public void Of_the_steps_the_first_the_last_and_one_per_interval_are_written()
    {
        using (var progress = new PlainProgress(output, time, TimeSpan.FromSeconds(5)))
        {
            for (var step = 1; step <= 12; step++)
            {
                progress.Report(Step(step, 12));
                time.Advance(TimeSpan.FromSeconds(1));
            }
        }

        Steps().ShouldBe(["1/12", "6/12", "11/12", "12/12"]);
    }

    [Fact]
    public void A_run_that_is_stopped_early_shows_its_last_step_once()
    {
        using (var progress = new PlainProgress(output, time))
        {
            for (var step = 1; step <= 4; step++)
                progress.Report(Step(step));
        }

        Steps().ShouldBe(["1/1000", "4/1000"]);
    }

    [Fact]
    public void What_was_not_measured_is_left_out_and_what_is_not_a_number_is_said()
    {
        using (var progress = new PlainProgress(output, time))
            progress.Report(new StepProgress(3, 3, double.NaN, double.PositiveInfinity, 0, 0, null, null));
        output.ToString()
            .ShouldBe("step 3/3 loss NaN grad_norm Infinity lr 0.000e+0 tokens/s 0\n".Replace("e+0", "e0", StringComparison.Ordinal));
    }

    [Fact]
    public void The_live_picture_shows_every_figure()
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.Yes,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.Yes,
            Out = new AnsiConsoleOutput(output),
        });
        console.Profile.Width = 120;
        using (var progress = new LiveProgress(console, time))
        {
            progress.Report(Step(250));
            time.Advance(TimeSpan.FromSeconds(61));
            progress.Warning("the [disk] is nearly full");
            progress.Report(Step(500));
            progress.Report(new EvaluationProgress(500, 3.5, 1.9));
            progress.Report(new CheckpointProgress(500, "runs/[a]"));
        }

        var shown = output.ToString();
        foreach (var figure in new[]
                 {
                     "500 of 1000", "3.2146", "0.8123", "6.000e-4", "12346", "63.2%", "ETA 1:02:34", "0:01:01", "3.5000", "33.115",
                         "step 500: runs/[a]",
                     "warning: the [disk] is nearly full", "━━━━━━━━━━━━━━━━━━━━────────────────────",
                 })
        {
            shown.ShouldContain(figure);
        }
    }

    [Fact]
    public void A_signal_may_speak_while_the_picture_is_redrawn()
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.Yes,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.Yes,
            Out = new AnsiConsoleOutput(output),
        });
        const int times = 300;
        using (var progress = new SerialProgress(new LiveProgress(console, time)))
        {
            var speakers = new Action<int>[]
            {
                step => progress.Report(Step(times, times)),
                number => progress.Note($"note {number}."),
                number => progress.Warning($"warned {number}."),
                number => progress.Report(new CheckpointProgress(number, "runs/a")),
            };
            var threads = speakers.Select(
                speak => new Thread(() => Enumerable.Range(0, times).ToList().ForEach(speak)) { IsBackground = true }).ToList();
            threads.ForEach(static thread => thread.Start());
            foreach (var thread in threads)
                thread.Join(TimeSpan.FromMinutes(1)).ShouldBeTrue("Two threads wait for each other.");
        }

        var shown = output.ToString();
        for (var number = 0; number < times; number++)
        {
            shown.ShouldContain($"note {number}.");
            shown.ShouldContain($"warned {number}.");
        }
    }

    private string[] Steps() =>
        [.. output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => line.Split(' ')[1])];
}

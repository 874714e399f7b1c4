using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ActorTrain.Tests.Processes;

namespace ActorTrain.EndToEnd.Tests;

/// <summary>Runs that are made longer, by real processes that are really killed.</summary>
[Collection(nameof(RealRun))]
public sealed class ExtensionTests(RealRun real)
{
    private const int Longer = 130;

    [Fact]
    public void A_finished_run_that_is_extended_and_killed_ends_with_the_weights_of_one_that_was_not_killed()
    {
        foreach (var name in new[] { "extended", "extended-killed" })
            real.Run(Default(name)).ShouldSucceed();
        real.Run([.. Default("extended"), "--extend-to", $"{Longer}"]).ShouldSucceed().Output.ShouldContain($"finished all {Longer} steps");
        foreach (var least in (int[])[41, 46])
        {
            // The same command continues after a kill.
            using var killed = real.Start([.. Default("extended-killed"), "--extend-to", $"{Longer}"]);
            WaitForCheckpoint(killed, least);
            Kill(killed);
            real.State("extended-killed").ShouldBe("killed");
            real.Run("audit", "extended-killed").ShouldSucceed();
            Status("extended-killed").GetProperty("steps").GetInt32().ShouldBe(Longer);
        }

        // So does the run file as it was, and one that has the new steps, whose own default of the warm-up would be another.
        real.Run(Default("extended-killed")).ShouldSucceed().Output.ShouldContain($"finished all {Longer} steps");
        real.Run(Default("extended-killed", $"training.steps={Longer}")).ShouldSucceed()
            .Output.ShouldContain($"already finished all {Longer} steps");
        real.Run([.. Default("extended-killed"), "--extend-to", $"{Longer}"]).ShouldSucceed()
            .Output.ShouldContain($"already finished all {Longer} steps");

        var expected = real.NewestWeights("extended");
        expected.Step.ShouldBe(Longer);
        real.NewestWeights("extended-killed").ShouldBe(expected);
        foreach (var name in new[] { "extended", "extended-killed" })
            AllAgree(name, Longer);
        Rates("extended").ShouldBe(Enumerable.Range(0, Longer).Select(step => Rate(step, 40, [(40, Longer)])), tolerance: 1e-15);
        Rates("extended-killed").ShouldBe(Rates("extended"));
        File.ReadAllText(real.At("runs", "extended", "run.yaml")).ShouldContain("steps: 40");
        File.ReadAllText(real.At("runs", "extended", "run.yaml")).ShouldContain("warmup_steps: 4");
        real.Run("journal", "extended").ShouldSucceed().Output.ShouldName(
            $"by {Environment.UserName} from 40 to {Longer} steps", "from step 40", "over 4 steps", $"a run of {Longer} steps");
    }

    [Fact]
    public void The_advice_that_comes_with_a_refused_file_can_be_followed_also_a_second_time()
    {
        real.Run(Default("advised")).ShouldSucceed();
        foreach (var steps in (int[])[50, 60])
        {
            var before = real.Snapshot();
            var refused = real.Run(Default("advised", $"training.steps={steps}"));
            refused.ShouldRefuse($"--extend-to {steps}");
            real.Snapshot().ShouldBe(before);
            real.Run([.. Default("advised", $"training.steps={steps}"), "--extend-to", $"{steps}"]).ShouldSucceed();
            AllAgree("advised", steps);
        }

        Rates("advised").ShouldBe(Enumerable.Range(0, 60).Select(step => Rate(step, 40, [(40, 50), (50, 60)])), tolerance: 1e-15);
        real.Run([.. Default("advised"), "--extend-to", "50"]).ShouldRefuse("runs/advised already has 60 steps");
    }

    [Fact]
    public void A_run_that_another_process_trains_is_extended_by_it_and_no_kill_forgets_that()
    {
        foreach (var name in new[] { "lengthened", "lengthened-killed" })
        {
            string[] command = Default(name, "training.steps=200", "checkpoints.keep=100", "evaluation.every=0");
            using var trainer = real.Start(command);
            WaitForCheckpoint(trainer, 20);
            real.Run("pause", name).ShouldSucceed();
            real.Run("rollback", name, "--to", "20").ShouldSucceed();
            real.Run([.. command, "--extend-to", "260"]).ShouldSucceed().Output.ShouldContain("from 200 to 260 steps; from step 20");
            real.Run([.. command, "--extend-to", "260"]).ShouldRefuse("already has 260 steps");
            real.Run([.. command, "--extend-to", "300", "--set", "training.seed=9"]).ShouldRefuse("training.seed");
            if (name == "lengthened-killed")
            {
                Kill(trainer);
                Status(name).GetProperty("steps").GetInt32().ShouldBe(260);
                using var second = real.Start(command);
                SpinWait.SpinUntil(() => real.Run("resume", name).ExitCode == 0, TimeSpan.FromMinutes(1)).ShouldBeTrue();
                Outcome.Of(second).ShouldSucceed();
                continue;
            }

            real.Run("resume", name).ShouldSucceed();
            Outcome.Of(trainer).ShouldSucceed().Output.ShouldContain("step 260/260");
        }

        real.NewestWeights("lengthened-killed").ShouldBe(real.NewestWeights("lengthened"));
        foreach (var name in new[] { "lengthened", "lengthened-killed" })
        {
            AllAgree(name, 260);
            Rates(name).ShouldBe(Enumerable.Range(0, 260).Select(static step => Rate(step, 200, [(20, 260)])), tolerance: 1e-15);
        }
    }

    // Without a warm-up of its own.
    private static string[] Default(string name, params string[] more)
    {
        var all = TrainedRuns.Small(name, more).ToList();
        all.RemoveRange(all.IndexOf("training.warmup_steps=5") - 1, 2);
        return [.. all];
    }

    private static double Rate(int step, int started, (int From, int Steps)[] extensions)
    {
        const double Peak = 0.004;
        var warmup = started / 10;
        if (extensions is not [.. var earlier, var (from, steps)])
            return OfRun(started);
        var share = step < from ? 0 : Math.Min(1, (step - from + 1.0) / Math.Min(warmup, steps - from));
        return share == 0 ? Rate(step, started, earlier) : share * OfRun(steps) + (1 - share) * Rate(step, started, earlier);

        double OfRun(int length) => step < warmup ? Peak * (step + 1) / warmup
            : step >= length ? 0.1 * Peak
            : Peak * (0.1 + 0.45 * (1 + Math.Cos(Math.PI * (step - warmup) / (length - warmup))));
    }

    private void AllAgree(string name, int steps)
    {
        var listed = real.Listed(name);
        listed.ShouldBe([name, "finished", $"{steps}", listed[3], $"{steps}"]);
        real.MetricSteps(name).ShouldBe(Enumerable.Range(1, steps));
        real.Run("audit", name).ShouldSucceed().Output.ShouldName("is clean", $"{steps} steps", $"{steps * 8} positions");
        var status = Status(name);
        (status.GetProperty("state").GetString(), status.GetProperty("step").GetInt32(), status.GetProperty("steps").GetInt32())
            .ShouldBe(("finished", steps, steps));
        Parse(real.Run("goodput", name, "--json").ShouldSucceed().Output).GetProperty("new_steps").GetInt32().ShouldBe(steps);
        real.Run("checkpoints", name, "--verify").ShouldSucceed().Output.ShouldContain($"{steps}");
        real.Run("plot", name, "--output", $"{name}.svg").ShouldSucceed();
    }

    private IEnumerable<double> Rates(string name) => [.. real.Metrics(name)
        .Where(static row => row.TryGetProperty("learning_rate", out _))
            .Select(static row => row.GetProperty("learning_rate").GetDouble())];

    private JsonElement Status(string name) => Parse(real.Run("status", name, "--json").ShouldSucceed().Output);

    private static JsonElement Parse(string text)
    {
        using var json = JsonDocument.Parse(text);
        return json.RootElement.Clone();
    }

    // One of that step, or of a later one: a slow disk leaves some out.
    private static void WaitForCheckpoint(Process process, int least)
    {
        while (process.ReadLine() is { } line)
        {
            if (line.Split(' ') is ["checkpoint", "step", var step, ..] && int.Parse(step, CultureInfo.InvariantCulture) >= least)
                return;
        }

        throw new InvalidOperationException(
            $"It saved nothing from step {least} on: {process.Result(process.StandardError.ReadToEndAsync(), "did not end its output")}");
    }

    private static void Kill(Process process)
    {
        process.Kill();
        process.WaitToEnd();
    }
}

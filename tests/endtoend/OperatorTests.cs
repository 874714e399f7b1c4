using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ActorTrain.Tests.Processes;

namespace ActorTrain.EndToEnd.Tests;

/// <summary>What operators decide during training, and where its time goes.</summary>
[Collection(nameof(RealRun))]
public sealed class OperatorTests(RealRun real)
{
    private const int Steps = 300;

    [Fact]
    public void A_run_killed_right_after_decisions_by_hand_ends_with_the_weights_of_one_that_was_not()
    {
        foreach (var name in new[] { "by-hand", "by-hand-killed" })
        {
            using var trainer = Start(Long(name));
            WaitForCheckpoint(trainer, 25);
            real.Run("pause", name).ShouldSucceed().Output.ShouldContain("after step");
            real.Run("rollback", name, "--to", "20", "--skip", "3").ShouldSucceed().Output.ShouldName("step 20", "3 batches");
            real.Run("lr", name, "--factor", "0.5").ShouldSucceed().Output.ShouldName("step 20", "0.5");
            real.Run("skip", name, "--batches", "2").ShouldSucceed().Output.ShouldName("2 batches", "step 20");
            if (name == "by-hand")
            {
                real.Run("resume", name).ShouldSucceed();
                Outcome.Of(trainer).ShouldSucceed();
                continue;
            }

            Kill(trainer);
            real.Run("audit", name).ShouldSucceed();
            Status(name).GetProperty("overrides").GetProperty("paused").GetBoolean().ShouldBeTrue();
            real.Run("resume", name).ShouldRefuse($"No process is training runs/{name}");

            // Paused it was left, and paused it is taken up; killed again, it resumes from what it had done since.
            using (var second = Start(Long(name)))
            {
                WaitFor(second, "resuming after step");
                Retry(() => real.Run("resume", name));
                WaitForCheckpoint(second, 60);
                Kill(second);
            }

            real.Run("audit", name).ShouldSucceed();
            real.Run(Long(name)).ShouldSucceed();
        }

        var expected = real.NewestWeights("by-hand");
        expected.Step.ShouldBe(Steps);
        real.NewestWeights("by-hand-killed").ShouldBe(expected);
        foreach (var name in new[] { "by-hand", "by-hand-killed" })
        {
            real.MetricSteps(name).ShouldBe(Enumerable.Range(1, Steps));
            var audit = real.Run("audit", name).ShouldSucceed().Output;
            audit.ShouldName("is clean", $"{Steps} steps", $"{Steps * 8} positions");
            audit.ShouldContain("skipped: positions 160–183, ");
            audit.ShouldContain("skipped: positions 184–199, ");
            var journal = real.Run("journal", name).ShouldSucceed().Output;
            journal.ShouldContain($"Intervention 1 by {Environment.UserName}, from step 20: positions 160–183");
            journal.ShouldContain($"Intervention 2 by {Environment.UserName}, from step 20: the learning rate is multiplied by 0.5.");
            journal.ShouldContain($"Paused by {Environment.UserName}.");
            var rates = real.Metrics(name).Where(static row => row.TryGetProperty("learning_rate", out _))
                .Select(static row => row.GetProperty("learning_rate").GetDouble()).ToList();
            (rates[20] / rates[19]).ShouldBe(0.5, 0.01);
        }

        var overrides = Status("by-hand-killed").GetProperty("overrides");
        overrides.GetProperty("rate_factor").GetDouble().ShouldBe(0.5);
        overrides.GetProperty("in_force").GetArrayLength().ShouldBe(3);
        overrides.GetProperty("pending").GetArrayLength().ShouldBe(0);
        overrides.GetProperty("rollbacks").GetInt32().ShouldBe(1);
    }

    [Fact]
    public void A_paused_run_takes_no_step_and_a_quarantined_trainer_is_replaced_without_a_changed_bit()
    {
        real.Run(Long("unattended")).ShouldSucceed();
        using var trainer = Start(Long("attended", "trainers.count=2"));
        WaitForCheckpoint(trainer, 25);
        real.Run("pause", "attended").ShouldSucceed();
        real.Run("pause", "attended").ShouldRefuse("already paused");
        var stands = Status("attended");
        stands.GetProperty("tree").GetProperty("state").GetString().ShouldBe("paused by an operator");
        for (var look = 0; look < 3; look++)
            Status("attended").GetProperty("step").GetInt64().ShouldBe(stands.GetProperty("step").GetInt64());

        real.Run("quarantine", "attended", "--trainer", "9").ShouldRefuse("There is no trainer 9");
        real.Run("quarantine", "attended", "--trainer", "0", "--release").ShouldRefuse("Trainer 0 is not quarantined");
        real.Run("quarantine", "attended", "--trainer", "0").ShouldSucceed();
        var after = Status("attended");
        after.GetProperty("overrides").GetProperty("quarantined").EnumerateArray().Single().GetInt32().ShouldBe(0);
        after.GetProperty("tree").GetProperty("children")[0].GetProperty("children").EnumerateArray()
            .Select(static child => child.GetProperty("name").GetString()).ShouldBe(["trainer-1", "trainer-2"]);

        real.Run("resume", "attended").ShouldSucceed();
        real.Run("resume", "attended").ShouldRefuse("not paused");
        real.Run("quarantine", "attended", "--trainer", "0", "--release").ShouldSucceed();
        Outcome.Of(trainer).ShouldSucceed();
        real.NewestWeights("attended").ShouldBe(real.NewestWeights("unattended"));

        real.Run("pause", "attended").ShouldRefuse("No process is training runs/attended");
        var report = Goodput("attended");
        report.GetProperty("failures").GetInt32().ShouldBe(0);
        report.GetProperty("seconds").GetProperty("paused").GetDouble().ShouldBeGreaterThan(0);
    }

    [Fact]
    public void A_trace_of_a_run_under_way_holds_every_lane_of_its_steps()
    {
        real.Run("trace", "nothing").ShouldRefuse("There is no run nothing");

        // With two micro-batches, a lane is computed by itself.
        using (var trainer = Start(Long("traced", "training.micro_batch=1")))
        {
            WaitForCheckpoint(trainer, 25);
            real.Run("trace", "traced", "--steps", "2", "--output", "trace.json").ShouldSucceed();
            Outcome.Of(trainer).ShouldSucceed();
        }

        var events = Parse(File.ReadAllText(real.At("trace.json"))).EnumerateArray().ToList();
        events.Count(static one => one.GetProperty("name").GetString() == "commit").ShouldBe(3);
        var rows = events.Where(static one => one.GetProperty("ph").GetString() == "M").ToDictionary(static row => row.GetProperty("tid")
            .GetInt32(), static row => row.GetProperty("args").GetProperty("name").GetString());
        rows.Values.ShouldBeSubsetOf(["commits", "supervisor", "trainers", "trainer-0", "reducer-0", "reducer-1", "spikes", "metrics",
            "goodput", "checkpointer", "journal"]);

        // A lane is a message to itself; two whole steps of four lanes lie between the first commit and the last, and the
        // first of them may have been begun as that commit was told of.
        var work = events.Where(one => one.GetProperty("name").GetString() == "Work"
            && rows[one.GetProperty("tid").GetInt32()] == "trainer-0").ToList();
        work.Count.ShouldBeGreaterThanOrEqualTo(7);
        work.ShouldAllBe(static one => one.GetProperty("dur").GetDouble() > 0);
        real.NewestWeights("traced").Step.ShouldBe(Steps);
        real.Run("trace", "traced").ShouldRefuse("No process is training runs/traced");
    }

    [Fact]
    public void Every_second_of_a_run_that_was_killed_is_accounted_for()
    {
        real.Run("goodput", "nothing").ShouldRefuse("There is no run nothing");
        using (var trainer = real.Start(Long("accounted")))
        {
            // Killed once something is written, and not at a checkpoint.
            var file = new FileInfo(real.At("runs", "accounted", "goodput.jsonl"));
            while (trainer.ReadLine() is not null)
            {
                file.Refresh();
                if (file.Exists && file.Length > 0 && real.Checkpoints("accounted").Length > 0)
                    break;
            }

            Kill(trainer);
        }

        File.AppendAllText(real.At("runs", "accounted", "goodput.jsonl"), "{\"from\":\"2026");
        var reached = real.MetricSteps("accounted").Last();
        var kept = real.NewestWeights("accounted").Step;
        real.Run(Long("accounted")).ShouldSucceed();

        var report = Goodput("accounted");
        report.GetProperty("new_steps").GetInt64().ShouldBe(Steps);
        report.GetProperty("lost_steps").GetInt64().ShouldBeInRange(reached - kept, reached - kept + 5);
        report.GetProperty("failures").GetInt32().ShouldBe(1);
        var seconds = report.GetProperty("seconds").EnumerateObject()
            .ToDictionary(static part => part.Name, static part => part.Value.GetDouble());
        seconds.Values.Sum().ShouldBe(report.GetProperty("wall").GetDouble(), 1e-6);
        (report.GetProperty("to").GetDateTimeOffset() - report.GetProperty("from").GetDateTimeOffset())
            .TotalSeconds.ShouldBe(report.GetProperty("wall").GetDouble(), 1e-6);
        var causes = report.GetProperty("parts").EnumerateArray()
            .Select(static part => $"{part.GetProperty("activity").GetString()}: {part.GetProperty("cause").GetString()}").ToList();
        causes.ShouldContain("down: killed");
        causes.ShouldContain("recovering: process restart");
        seconds["new_steps"].ShouldBeGreaterThan(0);

        var text = real.Run("goodput", "accounted", "--plot", "accounted.svg").ShouldSucceed().Output;
        text.ShouldContain("ETTR ");
        text.ShouldContain("MTTR ");
        File.ReadAllText(real.At("accounted.svg")).ShouldContain("down");
    }

    private static string[] Long(string name, params string[] more) =>
        TrainedRuns.Small(name, [$"training.steps={Steps}", "checkpoints.keep=100", "evaluation.every=0", .. more]);

    private JsonElement Status(string name) => Parse(real.Run("status", name, "--json").ShouldSucceed().Output);

    private JsonElement Goodput(string name) => Parse(real.Run("goodput", name, "--json").ShouldSucceed().Output);

    private IEnumerable<JsonElement> Rows(string name, string file) => File.ReadLines(real.At("runs", name, file)).Select(Parse);

    private static JsonElement Parse(string text)
    {
        using var json = JsonDocument.Parse(text);
        return json.RootElement.Clone();
    }

    // A process that has just begun first reads its journal.
    private static void Retry(Func<Outcome> ask)
    {
        Outcome? answer = null;
        SpinWait.SpinUntil(() => (answer = ask()).ExitCode == 0, TimeSpan.FromMinutes(1));
        answer!.ShouldSucceed();
    }

    private static void WaitFor(Process process, string words) =>
        WaitFor(process, line => line.Contains(words, StringComparison.Ordinal), words);

    // Where the disk is slower than training, a checkpoint is skipped for a later one.
    private static void WaitForCheckpoint(Process process, int step) =>
        WaitFor(process, line => line.Split(' ') is ["checkpoint", "step", var saved, ..]
            && int.Parse(saved, CultureInfo.InvariantCulture) >= step, $"checkpoint step {step} or a later one");

    private static void WaitFor(Process process, Predicate<string> isIt, string words)
    {
        while (process.ReadLine() is { } line)
        {
            if (isIt(line))
                return;
        }

        throw new InvalidOperationException(
            $"It never said '{words}': {process.Result(process.StandardError.ReadToEndAsync(), "did not end its errors")}");
    }

    // Whoever speaks to it goes first: its steps take milliseconds.
    private Process Start(string[] arguments) => real.StartIn("", "nice", ["-n", "19", "dotnet", RealRun.Program, .. arguments]);

    private static void Kill(Process process)
    {
        process.Kill();
        process.WaitToEnd();
    }
}

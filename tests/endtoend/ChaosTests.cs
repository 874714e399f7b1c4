using System.Text.Json;
using ActorTrain.Tests.Processes;

namespace ActorTrain.EndToEnd.Tests;

/// <summary><c>actortrain chaos</c> on real processes: every kind of fault, and what the report says.</summary>
[Collection(nameof(TrainedRuns))]
public sealed class ChaosTests(TrainedRuns real)
{
    [Fact]
    public void Actors_memory_and_messages_may_break_and_the_weights_are_the_same()
    {
        var report = Chaos("chaos-actors", 0, """
            - { step: 1, kind: trainer-slow, seconds: 0.5 }
            - { step: 3, kind: trainer-exception, actor: trainer-1 }
            - { step: 5, kind: flip-weights }
            - { step: 7, kind: flip-moments }
            - { step: 9, kind: flip-gradient }
            - { step: 11, kind: flip-message }
            - { step: 11, kind: flip-snapshot }
            - { step: 13, kind: nan-gradient }
            - { step: 15, kind: reducer-death }
            - { step: 17, kind: spike-detector-death }
            - { step: 18, kind: checkpointer-death }
            - { step: 19, kind: metrics-death }
            - { step: 20, kind: journal-death }
            - { step: 22, kind: trainer-supervisor-death }
            - { step: 24, kind: supervisor-death }
            - { step: 27, kind: message-loss }
            - { step: 28, kind: message-duplicate }
            - { step: 29, kind: message-reorder }
            - { step: 31, kind: trainer-hang, seconds: 3 }
            """);
        report.GetProperty("held").GetBoolean().ShouldBeTrue();
        Weights(report, "disturbed").ShouldBe(Weights(report, "undisturbed"));
    }

    [Fact]
    public void Process_disk_database_clock_and_memory_may_break_and_the_weights_are_the_same()
    {
        var report = Chaos("chaos-machine", 0, """
            - { step: 7, kind: kill }
            - { step: 12, kind: checkpoint-torn }
            - { step: 17, kind: disk-full, seconds: 0.5 }
            - { step: 22, kind: database-away, seconds: 1 }
            - { step: 26, kind: clock-jump, seconds: 0.5 }
            - { step: 30, kind: memory-pressure, seconds: 0.5 }
            """);
        report.GetProperty("held").GetBoolean().ShouldBeTrue();
        Weights(report, "disturbed").ShouldBe(Weights(report, "undisturbed"));
        report.GetProperty("disturbed").GetProperty("starts").GetInt32().ShouldBe(3);
        report.GetProperty("disturbed").GetProperty("steps_lost").GetInt64().ShouldBeGreaterThan(0);
    }

    [Fact]
    public void A_poisoned_run_ends_with_the_weights_of_one_that_left_the_batches_out_from_the_start()
    {
        var report = Chaos("chaos-poison", 0, """
            - { step: 44, kind: poisoned-batch }
            - { step: 48, kind: kill }
            """, "--set", "training.steps=60", "--picture", "chaos.svg");
        report.GetProperty("held").GetBoolean().ShouldBeTrue();
        Weights(report, "disturbed").ShouldBe(Weights(report, "leaving_out"));
        Weights(report, "disturbed").ShouldNotBe(Weights(report, "undisturbed"));
        File.ReadAllText(real.At("chaos.svg")).ShouldContain("the same poisoned data, without spike rules");
        real.Run("audit", "runs/chaos-poison-chaos/chaos-poison-disturbed").ShouldSucceed();
    }

    [Fact]
    public void A_promise_that_does_not_hold_is_told_by_the_exit_code()
    {
        var report = Chaos("chaos-broken", 1, "- { step: 20, kind: poisoned-batch }", "--set", "spikes.rules=none");
        report.GetProperty("held").GetBoolean().ShouldBeFalse();
        report.GetProperty("broken").EnumerateArray().Select(static sentence => sentence.GetString()!)
            .ShouldContain("The journal does not show the reaction to fault 1 (poisoned-batch).");
        report.GetProperty("broken").EnumerateArray().ShouldContain(static sentence => sentence.GetString()!.StartsWith(
            "The weights are not those of the undisturbed run", StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_not_right_is_refused_before_anything_is_trained()
    {
        File.WriteAllText(real.At("wrong.yaml"), "faults:\n  - { step: 3, kind: kil }\n");
        var before = real.Snapshot();
        real.Run(["chaos", .. Small("chaos-wrong"), "--schedule", "wrong.yaml"])
            .ShouldRefuse("wrong.yaml:2: there is no kind 'kil'; did you mean 'kill'?");
        real.Run(["chaos", .. Small("chaos-wrong"), "--schedule", "wrong.yaml", "--seed", "3"]).ShouldRefuse("--schedule");
        real.Run(["chaos", .. Small("chaos-wrong"), "--report", "nowhere/report.txt"]).ShouldRefuse("nowhere");
        real.Run("chaos").ShouldRefuse("run file");
        real.Snapshot().ShouldBe(before);
    }

    [Fact]
    public void Only_the_command_itself_may_break_a_run()
    {
        using var process =
            real.StartIn("", "env", ["ACTORTRAIN_CHAOS=chaos.json", "dotnet", RealRun.Program, .. TrainedRuns.Small("chaos-forged")]);
        Outcome.Of(process).ShouldRefuse("chaos.json", "actortrain chaos");
        File.WriteAllText(real.At("chaos.json"), """{"parent":1,"begun":"2026-01-01T00:00:00+00:00","seed":1,"faults":[]}""");
        using var forged =
            real.StartIn("", "env", ["ACTORTRAIN_CHAOS=chaos.json", "dotnet", RealRun.Program, .. TrainedRuns.Small("chaos-forged")]);
        Outcome.Of(forged).ShouldRefuse("ACTORTRAIN_CHAOS is set", "unset it");
    }

    // Whoever may lead or join the run itself has no part in those that are compared.
    private static IEnumerable<string> Small(string name) =>
        TrainedRuns.Small(name, "cluster.control=127.0.0.1:4054", "nodes.listen=127.0.0.1:4053", "trainers.count=2", "trainers.timeout=2",
            "trainers.retry_interval=0.3", "trainers.restart_backoff_min=0.05", "trainers.max_restarts=20").Skip(1);

    private static string Weights(JsonElement report, string run) => report.GetProperty(run).GetProperty("weights").GetString()!;

    private JsonElement Chaos(string name, int exitCode, string faults, params string[] more)
    {
        File.WriteAllText(real.At(name + ".yaml"), $"faults:\n{faults}\n");
        var outcome = real.Run(["chaos", .. Small(name), .. more, "--schedule", name + ".yaml", "--report", name + ".json"]);
        outcome.ExitCode.ShouldBe(exitCode, outcome.Output + outcome.Error);
        using var report = JsonDocument.Parse(File.ReadAllText(real.At(name + ".json")));
        return report.RootElement.Clone();
    }
}

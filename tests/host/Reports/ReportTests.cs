using System.Text.Json;
using ActorTrain.Actors.Metrics;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Control;
using ActorTrain.Host.Reports;
using ActorTrain.Host.Rollouts;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Rollouts;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Host.Tests.Reports;

public sealed class ReportTests
{
    private static readonly StatusDocument Running = new(
        "runs/book", "running", 12, 100, 4, 1, 10, [],
        new ActorNode("run", "training", 0, 0, null, null,
        [
            new ActorNode("trainers", "target 2", 0, null, null, null,
            [
                new ActorNode("trainer-0", "training", 0, 3, "{0-3}", null, []),
                new ActorNode("trainer-1-2", "joining", 1, null, null, "It [threw].", []),
            ]),
            new ActorNode("journal", "", 0, null, null, null, []),
        ]));

    [Fact]
    public void A_run_that_goes_on_is_a_tree_of_lines()
    {
        Written(output => StatusReport.Write(Running, Context(output, isTerminal: false))).ShouldBe("""
            runs/book: running, step 12 of 100, generation 4, newest checkpoint at step 10, 1 decision waiting for the database
            run: training, mailbox 0
              trainers: target 2
                trainer-0: training, lanes {0-3}, mailbox 3
                trainer-1-2: joining, restarts 1, last fault: It [threw].
              journal

            """);
    }

    [Fact]
    public void What_was_decided_on_the_course_stands_above_the_actors()
    {
        var skip = new Intervention(1, 8, [new SkippedRange(64, 16, "spike")], 1, Intervention.Automatic, "loss spike at step 9");
        var rate = new Intervention(2, 20, [], 0.5, "ann", "ann multiplied the learning rate by 0.5.");
        var overrides = new OverridesDocument(true, [1, 4], [skip], [rate], 0.5, 2, 0, 1, 0);
        Written(output => StatusReport.Write(Running with { Tree = null, Overrides = overrides }, Context(output, isTerminal: false))).ShouldBe("""
            runs/book: running, step 12 of 100, generation 4, newest checkpoint at step 10, 1 decision waiting for the database
            paused by an operator; continue with `actortrain resume`
            quarantined: trainer 1, trainer 4
            the learning rate is multiplied by 0.5
            in force: Intervention 1 by the run, from step 8: positions 64–79 of the sample stream are skipped. loss spike at step 9.
            pending: Intervention 2 by ann, from step 20: the learning rate is multiplied by 0.5. ann multiplied the learning rate by 0.5.
            total: 2 spikes, 1 rollback

            """);
        using var json = JsonDocument.Parse(ReportJson.Write(Running with { Overrides = overrides }));
        var document = json.RootElement.GetProperty("overrides");
        document.GetProperty("rate_factor").GetDouble().ShouldBe(0.5);
        document.GetProperty("in_force")[0].GetProperty("skipped")[0].GetProperty("count").GetInt64().ShouldBe(16);
    }

    [Fact]
    public void On_a_terminal_it_is_drawn()
    {
        var drawn = Written(output => StatusReport.Write(Running, Context(output, isTerminal: true)));
        drawn.ShouldContain("├── ");
        drawn.ShouldContain("trainer-1-2");
        drawn.ShouldContain("It [threw].");
    }

    [Fact]
    public void A_run_without_a_process_tells_how_it_was_left() =>
        Written(output => StatusReport.Write(new StatusDocument("runs/book", "stopped", 12, 100, 0, 0, null, ["It was stopped."], null),
            Context(output, isTerminal: false)))
            .ShouldBe("runs/book: stopped, step 12 of 100, no checkpoint yet\nIt was stopped.\n");

    [Fact]
    public void Status_for_programs_is_one_object()
    {
        using var json = JsonDocument.Parse(ReportJson.Write(Running));
        json.RootElement.GetProperty("notes").GetArrayLength().ShouldBe(0);
        json.RootElement.GetProperty("journal_waiting").GetInt32().ShouldBe(1);
        json.RootElement.GetProperty("tree").GetProperty("children")[0].GetProperty("children")[1].GetProperty("last_fault").GetString()
            .ShouldBe("It [threw].");
    }

    [Fact]
    public void Decisions_are_told_with_time_and_step()
    {
        var at = new DateTimeOffset(2026, 3, 4, 7, 6, 7, TimeSpan.FromHours(2));
        Written(output => JournalReport.Write([new RunStarted(at, "c0ffee", 100, 8, 2), new RunStopped(at, 12, "SIGTERM")], output)).ShouldBe("""
            2026-03-04 05:06:07Z  step  0  Run started with 2 trainers: 100 steps of 8 lanes, configuration c0ffee.
            2026-03-04 05:06:07Z  step 12  Run stopped cleanly after step 12. SIGTERM.

            """);
        ReportJson.Write(3, new RunStopped(at, 12, "SIGTERM")).ShouldBe(
            """{"number":3,"decision":"RunStopped","reason":"SIGTERM","at":"2026-03-04T07:06:07+02:00","step":12,"sentence":"Run stopped cleanly after step 12. SIGTERM."}""");
    }

    [Fact]
    public void An_audit_says_what_it_proved_or_what_contradicts()
    {
        Written(output => AuditText.Write("runs/book", new AuditReport(10, 80, [new SkippedRange(8, 8, "spike")], 0, 88, 10, []), output)).ShouldBe("""
            runs/book is clean: 10 steps, each committed once; 80 positions of the sample stream, each read once; next position 88.
              skipped: positions 8–15, spike
              the newest checkpoint, at step 10, is consistent

            """);
        var known = new AuditReport(10, 80, [], 0, 80, null, []) { Reads = new SampleReads(30, 2, [new(3, 20)], 2) };
        Written(output => AuditText.Write("runs/book", known, output)).ShouldContain(
            "\n  the data has 30 samples; read once each: all in each of 2 epochs, 20 in epoch 3\n  one step read the same sample up to "
                + "2 times\n");
        using (var reads = JsonDocument.Parse(ReportJson.Write("runs/book", known)))
            reads.RootElement.GetProperty("reads").GetProperty("whole_epochs").GetInt64().ShouldBe(2);
        var broken = new AuditReport(10, 80, [], 8, 88, null, ["step 3 is missing in the ledger"]);
        var text = Written(output => AuditText.Write("runs/book", broken, output));
        text.ShouldName("runs/book is inconsistent (10 steps, 80 positions", "\n  step 3 is missing in the ledger\n", "not yet durable",
            "8 positions");
        using var json = JsonDocument.Parse(ReportJson.Write("runs/book", broken));
        json.RootElement.GetProperty("clean").GetBoolean().ShouldBeFalse();
        json.RootElement.GetProperty("contradictions")[0].GetString().ShouldBe("step 3 is missing in the ledger");
    }

    [Fact]
    public void An_audit_of_a_policy_says_what_it_proved_of_its_rollouts()
    {
        var samples = new AuditReport(10, 80, [], 0, 80, null, []);
        var clean = new RolloutAuditReport(10, 640, [], 640, []);
        Written(output => AuditText.Write("runs/policy", samples, output, clean)).ShouldName("rollouts: 640 of 10 steps", "640 rewards");
        using (var json = JsonDocument.Parse(ReportJson.Write("runs/policy", samples, clean)))
        {
            json.RootElement.GetProperty("clean").GetBoolean().ShouldBeTrue();
            json.RootElement.GetProperty("rollouts").GetProperty("rewards_compared").GetInt64().ShouldBe(640);
        }

        var broken = clean with { Unreadable = [3], RewardsCompared = null, Contradictions = ["step-00000003.jsonl is missing"] };
        Written(output => AuditText.Write("runs/policy", samples, output, broken)).ShouldName(
            "rollouts are inconsistent", "step-00000003.jsonl is missing", "`actortrain replay runs/policy --repair`");
        using var document = JsonDocument.Parse(ReportJson.Write("runs/policy", samples, broken));
        document.RootElement.GetProperty("clean").GetBoolean().ShouldBeFalse();
        document.RootElement.GetProperty("rollouts").GetProperty("unreadable")[0].GetInt64().ShouldBe(3);
    }

    [Fact]
    public void Rollouts_are_a_table_for_each_prompt_and_one_object_for_programs()
    {
        var summary = new RolloutSummary(2, 7, 1, 0.5, [0.5, 3], 0.25, 0.7, 0.5, 1);
        var document = new RolloutsDocument("runs/policy", 4, 3, "00000000000000ff", ["exact", "length"], summary,
        [
            new PromptDocument(17, "ask\n", [new AnswerDocument(0, "yes<|end|>", 4, true, 0.5, [0.5, 4], 1.5, -2, 0.25),
                new AnswerDocument(1, "no", 3, false, null, [null, 3], null, -1, 0.25)]),
        ]);
        var lines = Written(output => RolloutsReport.Write(document, output)).Split('\n');
        lines[0].ShouldName("runs/policy, step 4: 2 rollouts", "3 updates");
        lines[1].ShouldName("reward 0.5000", "exact 0.5000", "KL 0.2500", "unscored 1");
        lines[3].ShouldBe("position 17: ask\\n");
        lines[5].Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .ShouldBe(["0", "0.5000", "0.5000", "4.000", "1.500", "4", "yes", "0.2500", "yes<|end|>"]);
        lines[6].Split(' ', StringSplitOptions.RemoveEmptyEntries).ShouldBe(["1", "-", "-", "3.000", "-", "3", "no", "0.2500", "no"]);
        using var json = JsonDocument.Parse(ReportJson.Write(document));
        var answer = json.RootElement.GetProperty("prompts")[0].GetProperty("answers")[1];
        answer.GetProperty("reward").ValueKind.ShouldBe(JsonValueKind.Null);
        answer.GetProperty("answer").GetString().ShouldBe("no");
    }

    [Fact]
    public void An_audit_joins_neighbouring_positions_that_were_skipped_for_one_reason()
    {
        SkippedRange[] skips =
        [
            new(8, 1, "veto"), new(9, 1, "veto"), new(10, 2, "veto"), new(12, 1, "spike"), new(13, 1, "veto"), new(20, 1, "veto"),
        ];
        var report = new AuditReport(10, 80, skips, 0, 88, 10, []) { AbandonedSteps = 3 };
        Written(output => AuditText.Write("runs/book", report, output)).Split('\n')
            .Where(static line => line.StartsWith("  skipped: ", StringComparison.Ordinal)).ShouldBe(
            [
                "  skipped: positions 8–11, veto", "  skipped: position 12, spike", "  skipped: position 13, veto",
                "  skipped: position 20, veto",
            ]);
        using var json = JsonDocument.Parse(ReportJson.Write("runs/book", report));
        json.RootElement.GetProperty("skipped").GetArrayLength().ShouldBe(6);
        json.RootElement.GetProperty("abandoned_steps").GetInt64().ShouldBe(3);
    }

    private static CommandContext Context(TextWriter output, bool isTerminal) =>
        new(output, TextWriter.Null, isTerminal, TimeProvider.System);

    private static string Written(Action<TextWriter> write)
    {
        using var output = new StringWriter { NewLine = "\n" };
        write(output);
        return output.ToString();
    }
}

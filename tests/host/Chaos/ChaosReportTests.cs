using ActorTrain.Chaos;
using ActorTrain.Host.Chaos;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Tests.Chaos;

public sealed class ChaosReportTests
{
    private const string Right = "aaaaaaaaaaaaaaaa", Wrong = "bbbbbbbbbbbbbbbb";
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Equal_weights_and_an_answer_to_every_fault_are_the_promise()
    {
        var report = Report(Right, [new TrainerLeft(Noon.AddSeconds(1), 5, ActorId.Trainer(1), 3, "It threw.")]);
        report.Broken.ShouldBeEmpty();
        report.Held.ShouldBeTrue();
        report.Faults.ShouldHaveSingleItem().Journal.ShouldNotBeNull().ShouldName("trainer-1 left", "generation 3", "It threw.");
        report.GoodputPercent.ShouldBe(50);
    }

    [Fact]
    public void Other_weights_break_it() =>
        Report(Wrong, [new TrainerLeft(Noon.AddSeconds(1), 5, ActorId.Trainer(1), 3, "It threw.")]).Broken.ShouldHaveSingleItem()
            .ShouldStartWith("The weights are not those of the undisturbed run");

    [Fact]
    public void A_run_that_does_not_end_breaks_it() =>
        Report(null, [new TrainerLeft(Noon.AddSeconds(1), 5, ActorId.Trainer(1), 3, "It threw.")])
            .Broken.ShouldBe(["The disturbed run did not finish."]);

    [Fact]
    public void An_answer_that_the_journal_does_not_show_breaks_it()
    {
        Report(Right, [new TrainerLeft(Noon.AddSeconds(-1), 5, ActorId.Trainer(1), 3, "Before.")])
            .Broken.ShouldBe(["The journal does not show the reaction to fault 1 (trainer-exception)."]);
        Report(Right, [new TrainerLeft(Noon.AddSeconds(1), 5, ActorId.Trainer(0), 3, "Another.")]).Held.ShouldBeFalse();
    }

    [Theory]
    [InlineData("rollouts-supervisor-death", 5, true)]
    [InlineData("ledger-death", 6, true)]
    [InlineData("rollouts-supervisor-death", 9, false)]
    [InlineData("spike-detector-death", 5, false)]
    public void What_ended_with_one_above_it_need_not_have_noticed_what_was_done_to_it(string other, int step, bool isExcused)
    {
        var schedule = new ChaosSchedule(1, [Fault(1, "flip-sampler", 5), Fault(2, other, step)]);
        ChaosFired[] fired = [new(1, Noon, 5, "rollout-0", "a bit"), new(2, Noon.AddSeconds(1), step, "other", "it threw")];
        ChaosReport.Of(ChaosSamples.Run(), schedule, Outcome(Right, [], []), Outcome(Right, [], fired), null, [])
            .Faults[0].IsShown.ShouldBe(isExcused);

        static ChaosFault Fault(int number, string kind, int step) => new() { Number = number, Kind = kind, Actor = "any", Step = step };
    }

    [Fact]
    public void A_fault_that_did_not_come_to_pass_proves_nothing() =>
        Report(Right, [], fired: false).Broken.ShouldHaveSingleItem().ShouldName("Fault 1", "trainer-exception", "never fired");

    [Fact]
    public void What_is_written_for_people_ends_with_the_verdict()
    {
        using var text = new StringWriter();
        Report(Wrong, []).Write(text);
        text.ToString().ShouldContain("Failed:");
        text.ToString().ShouldContain("does not show it");
        Report(Wrong, []).ToJson().ShouldContain("\"held\": false");
    }

    [Fact]
    public void Steps_that_are_taken_again_are_counted()
    {
        List<RunEvent> journal =
        [
            new RunStarted(Noon, "hash", 100, 4, 2),
            new CheckpointCommitted(Noon.AddSeconds(1), 10, Right),
            new RunResumed(Noon.AddSeconds(5), 10, StateKind.Checkpoint, 2),
            new RunRewound(Noon.AddSeconds(6), 12, 15, StateKind.Snapshot),
            new RunRolledBack(Noon.AddSeconds(7), 10, 20, StateKind.Checkpoint, "a spike"),
        ];
        Outcome(Right, journal, [new ChaosFired(1, Noon.AddSeconds(4), 17, "process", "killed")]).StepsLost.ShouldBe(7 + 3 + 10);
    }

    [Theory]
    [InlineData(40, 8, true)]
    [InlineData(47, 1, true)]
    [InlineData(32, 8, false)]
    [InlineData(48, 8, false)]
    public void A_batch_counts_as_left_out_where_the_journal_leaves_out_its_positions(long first, long count, bool isShown)
    {
        var fault = ScheduleFile.Parse("faults:\n  - { step: 5, kind: poisoned-batch }\n", "f", ChaosSamples.Target()).Faults[0];
        var shows = ChaosKinds.ByName["poisoned-batch"].Shows!;
        var fired = new ChaosFired(1, Noon, 5, "data", "");
        shows(new BatchVetoed(Noon, 5, [new SkippedRange(first, count, "bad")], "bad"), fault, fired).ShouldBe(isShown);
        shows(new CourseCorrected(Noon, 5, new Intervention(1, 5, [new SkippedRange(first, count, "bad")], 1, "the run", "bad")), fault,
            fired).ShouldBe(isShown);
    }

    private static ChaosReport Report(string? weights, IReadOnlyList<RunEvent> journal, bool fired = true)
    {
        var schedule =
            ScheduleFile.Parse("faults:\n  - { step: 5, kind: trainer-exception, actor: trainer-1 }\n", "f", ChaosSamples.Target());
        return ChaosReport.Of(
            ChaosSamples.Run(), schedule, Outcome(Right, [], []) with { Seconds = 5 },
            Outcome(weights, journal, fired ? [new ChaosFired(1, Noon, 5, "trainer-1", "it threw")] : []), null, []);
    }

    private static ChaosOutcome Outcome(string? weights, IReadOnlyList<RunEvent> journal, IReadOnlyList<ChaosFired> fired) =>
        new(new RunDirectory("runs", "small"), 10, 1, weights, journal, fired, []);
}

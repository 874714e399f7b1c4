using ActorTrain.Actors.Metrics;
using ActorTrain.Data.Plan;
using ActorTrain.Models;
using ActorTrain.Models.Numerics;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Ledger;
using FsCheck;
using FsCheck.Fluent;

namespace ActorTrain.Actors.Tests.Metrics;

public sealed class SampleAuditTests
{
    private const int Batch = 8, Context = 16;
    private static readonly BatchPlan Plan = new(seed: 5, samples: 50, Batch, lanes: 4);
    private static readonly SkippedRange Veto = new(32, Batch, "loss spike at step 4"), Bad = new(51, 3, "bad text");

    [Fact]
    public void An_undisturbed_run_is_clean()
    {
        var report = Check(Rows(10, SkipList.Empty), checkpoint: Facts(10, SkipList.Empty), finished: 10);
        report.Contradictions.ShouldBeEmpty();
        (report.Steps, report.Consumed, report.Next, report.CheckpointStep, report.Undecided).ShouldBe((10, 80, 80, 10, 0));
    }

    [Fact]
    public void Before_the_first_step_it_is_clean()
    {
        var report = Check([]);
        report.IsClean.ShouldBeTrue();
        (report.Steps, report.Consumed, report.Next, report.CheckpointStep).ShouldBe((0, 0, 0, null));
    }

    [Fact]
    public void What_was_left_out_is_counted_wherever_the_decision_stands()
    {
        var skips = SkipList.Of([Veto, Bad]);
        foreach (var (decided, newest) in new[] { (skips, null), (skips, Facts(3, SkipList.Empty)), (SkipList.Empty, Facts(10, skips)),
            (skips, Facts(5, SkipList.Of([Veto]))) })
        {
            var report = Check(Rows(10, skips), decided, newest);
            report.Contradictions.ShouldBeEmpty();
            report.Skips.ShouldBe([Veto, Bad]);
            (report.Consumed, report.Next).ShouldBe((80, 91));
        }
    }

    [Fact]
    public void A_veto_after_the_checkpoint_may_not_be_decided_yet_but_one_before_it_must_be()
    {
        var rows = Rows(10, SkipList.Of([Veto, Bad]));
        var late = Check(rows, SkipList.Of([Bad]), Facts(4, SkipList.Empty));
        late.Contradictions.ShouldBeEmpty();
        late.Undecided.ShouldBe(Batch);
        Check(rows, SkipList.Of([Bad]), Facts(5, SkipList.Empty))
            .Contradictions[0].ShouldName("step 5 read positions 40–47", "plan", "32–39");
    }

    [Fact]
    public void A_veto_may_pass_over_what_was_left_out_before()
    {
        // The batch of step 7 straddles three positions that are skipped, and is vetoed.
        var skips = SkipList.Of([Bad, new SkippedRange(48, 3, "spike"), new SkippedRange(54, 5, "spike")]);
        var late = Check(Rows(10, skips), SkipList.Of([Bad]), Facts(4, SkipList.Of([Bad])));
        late.Contradictions.ShouldBeEmpty();
        late.Undecided.ShouldBe(Batch);
    }

    [Theory]
    [InlineData("missing", "step 4 | missing")]
    [InlineData("twice", "step 4 follows step 4")]
    [InlineData("swapped", "step 4 read positions 28–31, 24–27 | plan | 24–31")]
    [InlineData("reread", "step 4 read positions 16–23 | plan | 24–31")]
    [InlineData("short", "step 4 read positions 24–30 | plan | 24–31")]
    [InlineData("none", "step 4 read positions none | plan | 24–31")]
    [InlineData("ahead", "step 4 read positions 26–33 | plan | 24–31")]
    public void A_ledger_that_cannot_be_is_told(string change, string first)
    {
        var rows = Rows(10, SkipList.Empty).ToList();
        rows[3] = change switch
        {
            "swapped" => rows[3] with { Ranges = [new(28, 4), new(24, 4)] },
            "reread" => rows[3] with { Ranges = rows[2].Ranges },
            "short" => rows[3] with { Ranges = [new(24, 7)] },
            "none" => rows[3] with { Ranges = [] },
            "ahead" => rows[3] with { Ranges = [new(26, 8)] },
            _ => rows[3],
        };
        if (change == "missing")
            rows.RemoveAt(3);
        if (change == "twice")
            rows.Insert(3, rows[3]);
        var report = Check(rows);
        report.IsClean.ShouldBeFalse();
        report.Contradictions[0].ShouldName(first);
    }

    [Fact]
    public void A_position_that_was_read_twice_or_never_is_named_without_the_plan()
    {
        var rows = Rows(4, SkipList.Empty).ToList();
        rows[3] = rows[3] with { Ranges = rows[1].Ranges };
        Check(rows).Contradictions.ShouldContain("position 8 was both read for step 2 and read for step 4");
        rows[3] = rows[3] with { Ranges = [new(30, 8)] };
        Check(rows).Contradictions.ShouldContain("positions 24–29 were neither read nor skipped");
    }

    [Fact]
    public void The_checkpoint_must_agree()
    {
        var rows = Rows(10, SkipList.Empty);
        Check(rows, checkpoint: Facts(11, SkipList.Empty)).Contradictions.ShouldHaveSingleItem()
            .ShouldName("checkpoint", "step 11", "ledger", "step 10");
        Check(rows, checkpoint: Facts(10, SkipList.Empty) with { Cursor = new PlanCursor(79, 80, 1280) })
            .Contradictions.ShouldHaveSingleItem().ShouldName(
            "checkpoint at step 10", "next sample 79, 80 samples, 1280 tokens", "10 steps", "next sample 80, 80 samples, 1280 tokens");
        Check(rows, SkipList.Of([Veto]), Facts(10, SkipList.Empty)).Contradictions.ShouldHaveSingleItem().ShouldName(
            "journal", "positions 32–39", "loss spike at step 4", "checkpoint at step 10");
        Check(rows, finished: 12).Contradictions.ShouldHaveSingleItem().ShouldName("12 steps", "ledger", "step 10");
    }

    [Fact]
    public void A_correction_after_the_checkpoint_is_followed_from_its_step_on()
    {
        // A veto lies in the middle of what the intervention skips, and an earlier one in the checkpoint.
        RunEvent[] decisions = [Vetoed(2, 16), Vetoed(6, 56), Corrected(5, 8, 48, 40), Back(5, 8)];
        var skips = SkipList.Of([new SkippedRange(16, 8, "spike"), new SkippedRange(48, 40, "spike")]);
        var report = Check(Rows(12, skips), JournalState.Of(decisions).Skips, Facts(5, SkipList.Of([new SkippedRange(16, 8, "spike")])));
        report.Contradictions.ShouldBeEmpty();
        (report.Consumed, report.Next, report.AbandonedSteps).ShouldBe((96, 144, 0));
    }

    [Fact]
    public void Steps_that_were_left_by_going_back_are_not_counted_where_a_dead_process_left_them_in_the_ledger()
    {
        RunEvent[] decisions = [new CheckpointCommitted(default, 4, "a"), Corrected(5, 10, 40, 16), Back(4, 10)];
        var state = JournalState.Of(decisions);
        var left = AbandonedBranch.Of(decisions);
        left.ShouldBe([new AbandonedBranch(4, SkipList.Empty)]);
        var input = new AuditInput(Plan, Context, Rows(10, SkipList.Empty), state.Skips, Facts(4, SkipList.Empty)) { Abandoned = left };
        var report = SampleAudit.Check(input);
        report.Contradictions.ShouldBeEmpty();
        (report.Steps, report.Consumed, report.AbandonedSteps, report.Next).ShouldBe((4, 32, 6, 32));

        // The same ledger contradicts where the run did not roll back, and where a later checkpoint says that the steps were taken again.
        SampleAudit.Check(input with { Abandoned = [] }).IsClean.ShouldBeFalse();
        AbandonedBranch.Of([.. decisions, new CheckpointCommitted(default, 8, "b")]).ShouldBeEmpty();

        // One that was taken again is clean as it is.
        SampleAudit.Check(input with { Ledger = Rows(7, state.Skips) }).AbandonedSteps.ShouldBe(0);

        // What is no ledger of either branch contradicts.
        SampleAudit.Check(input with { Ledger = Rows(7, SkipList.Of([Veto])) }).IsClean.ShouldBeFalse();
    }

    [Fact]
    public void Who_goes_back_twice_left_two_courses()
    {
        RunEvent[] decisions = [Corrected(8, 10, 64, 16), Back(8, 10), Corrected(3, 9, 24, 8), Back(2, 9)];
        var left = AbandonedBranch.Of(decisions);
        left.Select(static overrides => overrides.After).ShouldBe([2, 2]);
        left[0].Skips.ShouldBe(SkipList.Empty);
        left[1].Skips.Ranges.ShouldBe([new SkippedRange(64, 16, "spike")]);
    }

    [Fact]
    public void What_is_left_out_needs_a_reason() =>
        Check(Rows(10, SkipList.Of([Veto])), SkipList.Of([Veto with { Reason = " " }])).Contradictions.ShouldHaveSingleItem()
            .ShouldName("positions 32–39", "without a reason");

    [Fact]
    public void Many_contradictions_are_named_in_part_and_counted()
    {
        var report = Check(Rows(40, SkipList.Empty).Select(static row => row with { Ranges = [.. row.Ranges, .. row.Ranges] }));
        report.Contradictions.Count.ShouldBe(SampleAudit.Named + 1);
        report.Contradictions[^1].ShouldMatch("^and [0-9]+ more$");
    }

    [Fact]
    public void No_change_of_one_row_goes_unseen()
    {
        var changes = from step in Gen.Choose(0, 9)
                      from offset in Gen.Choose(-12, 12)
                      from count in Gen.Choose(1, 12)
                      select (step, offset, count);
        Prop.ForAll(Arb.From(changes), change =>
        {
            var rows = Rows(10, SkipList.Of([Veto])).ToList();
            var was = rows[change.step].Ranges[0];
            var now = new SampleRange(Math.Max(0, was.First + change.offset), change.count);
            rows[change.step] = rows[change.step] with { Ranges = [now, .. rows[change.step].Ranges.Skip(1)] };
            return Check(rows, SkipList.Of([Veto]), Facts(10, SkipList.Of([Veto]))).IsClean == (now == was);
        }).QuickCheckThrowOnFailure();
    }

    private static BatchVetoed Vetoed(long step, long position) =>
        new(default, step, [new SkippedRange(position, Batch, "spike")], "spike");

    private static CourseCorrected Corrected(long from, long at, long position, long count) =>
        new(default, at, new Intervention(1, from, [new SkippedRange(position, count, "spike")], 1, "ann", "spike"));

    private static RunRolledBack Back(long to, long lost) => new(default, to, lost, StateKind.Checkpoint, "spike");

    private static IEnumerable<SampleRow> Rows(int steps, SkipList skips) =>
        Enumerable.Range(1, steps).Select(
            step => new SampleRow(step, 1, SampleRange.Of(Plan.Samples(step - 1, skips).Select(static planned => planned.Position))));

    private static AuditReport Check(IEnumerable<SampleRow> rows, SkipList? decided = null, CheckpointFacts? checkpoint = null,
        long? finished = null) =>
        SampleAudit.Check(new AuditInput(Plan, Context, rows, decided ?? SkipList.Empty, checkpoint, finished));

    private static CheckpointFacts Facts(long step, SkipList skips) => new()
    {
        Step = step,
        ConfigurationHash = "c0ffee",
        Model = ModelOptions.FromDepth(1),
        Cursor = new PlanCursor(step * Batch, step * Batch, step * Batch * Context),
        SkipList = skips,
        Fingerprint = new NumericFingerprint("", "", "", "", "", "cpu"),
    };
}

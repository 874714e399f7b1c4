using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Tests.Checkpoints;

/// <summary>Which checkpoints may be trusted, by the journal alone.</summary>
public sealed class CheckpointHistoryTests
{
    private static readonly Intervention FromFifteen = new(1, 15, [new SkippedRange(120, 8, "spike")], 1, "someone", "It was wanted.");

    [Fact]
    public void A_checkpoint_without_a_correction_that_was_in_force_before_it_is_void()
    {
        var history = History(Saved(10), Saved(20, "a"), new CourseCorrected(default, 22, FromFifteen),
            new RunRolledBack(default, 10, 22, StateKind.Snapshot, ""));
        history.IsVoid(10, "10", RunOverrides.None).ShouldBeFalse();
        history.IsVoid(20, "a", RunOverrides.None).ShouldBeTrue();
        history.IsVoid(15, "x", RunOverrides.None).ShouldBeTrue("written in secret before the run went back");

        var again = History([.. Decided, Saved(20, "b")]);
        again.IsVoid(20, "b", RunOverrides.None.With(FromFifteen)).ShouldBeFalse();
        again.IsVoid(20, "a", RunOverrides.None).ShouldBeTrue();
    }

    private static RunEvent[] Decided => [Saved(10), Saved(20, "a"), new CourseCorrected(default, 22, FromFifteen),
        new RunRolledBack(default, 10, 22, StateKind.Snapshot, "")];

    [Fact]
    public void A_checkpoint_of_wrong_bits_is_void_although_its_course_is_right()
    {
        RunEvent[] decided = [Saved(10), Saved(20, "wrong"), new CorruptionFound(default, 22, ActorId.Trainer(1), ""),
            new RunRolledBack(default, 12, 22, StateKind.Snapshot, "")];
        var history = History(decided);
        history.IsVoid(20, "wrong", RunOverrides.None).ShouldBeTrue();
        history.IsVoid(10, "10", RunOverrides.None).ShouldBeFalse();
        history.IsVoid(24, "later", RunOverrides.None).ShouldBeFalse("there was none of that step before the run went back");
        var again = History([.. decided, Saved(20, "right")]);
        again.IsVoid(20, "right", RunOverrides.None).ShouldBeFalse();
        again.IsVoid(20, "wrong", RunOverrides.None).ShouldBeTrue();
    }

    [Fact]
    public void It_is_ripe_after_enough_healthy_steps_and_good_once_that_is_decided()
    {
        var history = History(Saved(10));
        history.Ripe(19, 10).ShouldBeEmpty();
        history.Ripe(20, 10).Select(static ripe => ripe.Key).ShouldBe([10]);
        var good = History(Saved(10), new CheckpointProved(default, 10, 20, "10"));
        good.Ripe(50, 10).ShouldBeEmpty();
        good.Good.ShouldHaveSingleItem().Value.ProvedAt.ShouldBe(20);
        History(Saved(10), new CheckpointProved(default, 10, 20, "another")).Good.ShouldBeEmpty();
    }

    [Fact]
    public void What_may_have_begun_before_it_puts_its_proof_off()
    {
        History(Saved(10), Spike(at: 16, onset: 9)).Ripe(25, 10).ShouldBeEmpty();
        History(Saved(10), Spike(at: 16, onset: 9)).Ripe(26, 10).ShouldNotBeEmpty();
        History(Saved(10), Spike(at: 16, onset: 11)).Ripe(20, 10).ShouldNotBeEmpty("what began after it says nothing of it");
        History(Saved(10), new CorruptionFound(default, 16, ActorId.Trainer(1), "")).Ripe(25, 10).ShouldBeEmpty();
        History(Saved(10), Saved(20), new RunRolledBack(default, 12, 22, StateKind.Snapshot, "")).Ripe(100, 10)
            .Select(static ripe => ripe.Key).ShouldBe([10]);
        History(Saved(10), Saved(20), new RunResumed(default, 10, StateKind.Checkpoint, 1)).Known.Keys.ShouldBe([10]);
    }

    private static CheckpointHistory History(params RunEvent[] decisions) => CheckpointHistory.Of(decisions);

    private static CheckpointCommitted Saved(long step, string? hash = null) => new(default, step, hash ?? $"{step}");

    private static SpikeJudged Spike(long at, long onset) => new(default, at, "drift", "loss", 2, 1, onset, Rung.Veto, "It climbs.");
}

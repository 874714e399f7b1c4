using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Run;
using ActorTrain.Models;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Goodput;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Tests.Runs;

/// <summary>The parts of a run's state, each by itself.</summary>
public sealed class RunStateTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly TrainerKey A = new(0, 1), B = new(1, 1), C = new(2, 4);

    [Fact]
    public void What_is_not_answered_is_asked_again_ever_more_rarely()
    {
        var timer = new RetryTimer(TimeSpan.FromSeconds(2));
        timer.Start(Noon);
        List<double> waits = [];
        for (var now = Noon; waits.Count < 4; timer.Repeat(now))
        {
            timer.IsDue(timer.At.AddTicks(-1)).ShouldBeFalse();
            waits.Add((timer.At - now).TotalSeconds);
            now = timer.At;
            timer.IsDue(now).ShouldBeTrue();
        }

        waits.ShouldBe([2, 4, 8, 16]);
        timer.Start(Noon);
        timer.At.ShouldBe(Noon.AddSeconds(2));
    }

    [Fact]
    public void A_disk_that_refuses_is_news_once_and_left_alone_ever_longer_up_to_a_bound()
    {
        var retries = new SaveRetries(TimeSpan.FromSeconds(1));
        retries.NoteSaved().ShouldBeFalse();
        retries.TakeDue(Noon).ShouldBeFalse();
        List<(bool IsNews, double Wait)> told = [];
        for (var now = Noon; told.Count < 7; now = retries.At!.Value)
        {
            told.Add((retries.NoteRefused(now), retries.Wait.TotalSeconds));
            retries.TakeDue(retries.At!.Value.AddTicks(-1)).ShouldBeFalse();
        }

        told.ShouldBe([(true, 1), (false, 2), (false, 4), (false, 8), (false, 16), (false, 16), (false, 16)]);
        var due = retries.At!.Value;
        (retries.TakeDue(due), retries.TakeDue(due)).ShouldBe((true, false));
        (retries.NoteSaved(), retries.NoteSaved()).ShouldBe((true, false));
        (retries.NoteRefused(Noon), retries.Wait).ShouldBe((true, TimeSpan.FromSeconds(1)));
        retries.NoteBegun();
        retries.At.ShouldBeNull();
    }

    [Fact]
    public void Committed_updates_are_kept_in_order_until_all_have_applied_them()
    {
        var updates = new CommittedUpdates();
        updates.Oldest.ShouldBeNull();
        for (var step = 5L; step < 9; step++)
            updates.Add(new ApplyUpdate(new Round(step + 10, step), step, UpdateAdjustment.None));
        Should.Throw<InvariantException>(() => updates.Add(new ApplyUpdate(new Round(30, 8), 1, UpdateAdjustment.None)));
        Should.Throw<InvariantException>(() => updates.Add(new ApplyUpdate(new Round(30, 10), 1, UpdateAdjustment.None)));
        updates.Between(6, 8).Select(static update => update.Round.Step).ShouldBe([6, 7]);
        updates.ForgetBefore(7).Select(static round => round.Step).ShouldBe([5, 6]);
        (updates.Oldest, updates.Count, updates.Holds(new Round(17, 7)), updates.Holds(new Round(16, 6))).ShouldBe((7, 2, true, false));
        updates.ForgetBefore(long.MaxValue).Count.ShouldBe(2);
    }

    [Fact]
    public void Whose_state_is_another_than_that_of_most_is_suspected_and_without_a_majority_all_are()
    {
        var votes = new StateVotes();
        votes.Note(A, 1);
        votes.Note(B, null);
        votes.Dispute(3).ShouldBeNull();
        votes.Note(B, 2);
        var open = votes.Dispute(3).ShouldNotBeNull();
        (open.IsProven, open.Suspects.Count).ShouldBe((false, 2));
        votes.Note(C, 1);
        var proven = votes.Dispute(3).ShouldNotBeNull();
        (proven.IsProven, proven.Suspects.Single()).ShouldBe((true, B));
        foreach (var trainer in new[] { A, B, C })
            proven.Evidence.ShouldContain($"{trainer}");
        votes.Clear();
        votes.Dispute(4).ShouldBeNull();
    }

    [Fact]
    public void Interventions_take_effect_by_their_steps_and_a_decision_on_the_way_back_at_the_step_gone_back_to()
    {
        var interventions = new Interventions([Skip(1, from: 8)]);
        interventions.EffectiveFrom(4, RunOverrides.None).ShouldBe(8);
        interventions.Add(Skip(2, from: 6));
        Should.Throw<InvariantException>(() => interventions.Add(Skip(2, from: 9)));
        interventions.Pending(RunOverrides.None).Select(static one => one.Number).ShouldBe([2, 1]);
        var overrides = RunOverrides.None.With(interventions.All[1]);
        interventions.Pending(overrides).Select(static one => one.Number).ShouldBe([1]);
        interventions.EffectiveFrom(7, overrides).ShouldBe(7);
        interventions.Ahead(overrides).Skips.Ranges.Sum(static range => range.Count).ShouldBe(2);
    }

    [Fact]
    public void A_fault_is_recovered_from_until_the_next_update_and_the_first_is_the_cause()
    {
        var time = new TimeAccount();
        time.Note(new RunPaused(Noon, 5, "ann"), 5, static _ => true);
        time.Trouble.ShouldBeNull();
        time.Note(new TrainerLeft(Noon, 5, ActorId.Trainer(0, 1), 2, ""), 5, static _ => true);
        time.Trouble.ShouldBeNull();
        time.Note(new TrainerLeft(Noon, 5, ActorId.Trainer(0, 1), 2, ""), 5, static _ => false);
        time.Note(new RunRolledBack(Noon, 3, 5, StateKind.Snapshot, ""), 5, static _ => false);
        time.Trouble.ShouldBe("trainer lost");
        time.Follow(5);
        time.Follow(3);
        time.Trouble.ShouldBe("trainer lost");
        time.Follow(4);
        time.Trouble.ShouldBeNull();
        foreach (var (actor, cause) in new[] { (ActorId.Reducer(1), "reducer"), (new ActorId(ActorRole.Spikes), "spikes"),
            (new ActorId(ActorRole.Journal), null) })
        {
            var one = new TimeAccount();
            one.Note(new ActorRestarted(Noon, 5, actor, ""), 5, static _ => true);
            one.Trouble.ShouldBe(cause);
        }
    }

    [Fact]
    public void What_the_run_does_is_told_when_it_changes_with_what_was_waited_for()
    {
        var time = new TimeAccount();
        time.NoteWait(TimeSpan.FromSeconds(1));
        time.Turn(Noon, (GoodputActivity.NewSteps, null), 1)
            .ShouldBe(new GoodputTurn(Noon, GoodputActivity.NewSteps, null, 1, TimeSpan.FromSeconds(1)));
        time.Turn(Noon, (GoodputActivity.NewSteps, null), 1).ShouldBeNull();
        time.Turn(Noon, (GoodputActivity.NewSteps, null), 2).ShouldNotBeNull().Waited.ShouldBe(TimeSpan.Zero);
        time.Turn(Noon, (GoodputActivity.Saving, "checkpoint"), 2).ShouldNotBeNull();
    }

    private static Intervention Skip(long number, long from) => new(number, from, [new SkippedRange(100 * number, 1, "")], 1, "ann", "");
}

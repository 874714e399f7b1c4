using ActorTrain.Actors.Run;
using ActorTrain.Data.Plan;
using ActorTrain.Models;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Tests.Runs;

public sealed class RunProgressTests
{
    private const int Batch = 4;
    private static readonly DateTimeOffset Noon = new(2026, 3, 4, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Updates_are_counted_until_the_last_one()
    {
        var progress = At(8, last: 10);
        progress.Begin(Noon);
        progress.NoteUpdate(RunOverrides.None, Noon.AddSeconds(3));
        progress.UpdatedAt.ShouldBe(Noon.AddSeconds(3));
        (progress.Step, progress.IsLastStep, progress.IsComplete).ShouldBe((9, true, false));
        progress.NoteUpdate(RunOverrides.None, Noon.AddSeconds(4));
        progress.IsComplete.ShouldBeTrue();
        Should.Throw<InvariantException>(() => progress.NoteUpdate(RunOverrides.None, Noon));
    }

    [Fact]
    public void A_vetoed_batch_is_left_out_and_the_step_takes_the_next_one()
    {
        var progress = At(2, last: 10);
        progress.Veto("bad", SpikeMemory.Empty, window: 100).Select(static range => range.First).ShouldBe([8, 9, 10, 11]);
        progress.Veto("bad too", SpikeMemory.Empty, window: 100).Select(static range => range.First).ShouldBe([12, 13, 14, 15]);
        (progress.Step, progress.Vetoes, progress.Overrides.Skips.Contains(8), progress.Overrides.Skips.Contains(15),
            progress.Overrides.Skips.Contains(16)).ShouldBe((2, 2, true, true, false));
        progress.NoteUpdate(RunOverrides.None, Noon);
        progress.Vetoes.ShouldBe(0);
    }

    [Fact]
    public void A_run_goes_back_and_never_forward()
    {
        var progress = At(5, last: 10);
        progress.Note(new Intervention(1, 3, [new SkippedRange(12, 4, "spike")], 1, Intervention.Automatic, "spike"));
        progress.ReturnTo(3, RunOverrides.None, Noon);
        (progress.Step, progress.Overrides.Skips.Contains(12)).ShouldBe((3, true));
        progress.Follow(progress.Interventions.All[0]);
        progress.Overrides.Interventions.Count.ShouldBe(1);
        Should.Throw<InvariantException>(() => progress.ReturnTo(4, RunOverrides.None, Noon));
        Should.Throw<InvariantException>(() => progress.Follow(new Intervention(2, 7, [], 0.5, "ann", "")));
    }

    [Fact]
    public void It_is_asked_once_a_step_whether_to_look_around_and_again_after_going_back()
    {
        var progress = At(5, last: 10);
        progress.TakeBoundary().ShouldBeTrue();
        progress.TakeBoundary().ShouldBeFalse();
        progress.NoteUpdate(RunOverrides.None, Noon);
        progress.TakeBoundary().ShouldBeTrue();
        progress.ReturnTo(6, RunOverrides.None, Noon);
        progress.TakeBoundary().ShouldBeTrue();
    }

    [Fact]
    public void An_extension_moves_the_end_and_a_shorter_one_does_not()
    {
        var progress = At(5, last: 10);
        progress.Note(new Intervention(1, 5, [], 1, "ann", "") { Steps = 20 });
        progress.Note(new Intervention(2, 6, [], 1, "ann", "") { Steps = 15 });
        progress.LastStep.ShouldBe(20);
        Should.Throw<InvariantException>(() => progress.Note(new Intervention(2, 6, [], 1, "ann", "")));
    }

    private static RunProgress At(long step, long last) =>
        new(new LearningRateSchedule(1, 0, (int)last, 1), new BatchPlan(seed: 1, samples: 1000, Batch, lanes: 2), new Interventions([]),
            step, last, RunOverrides.None);
}

using ActorTrain.Models.Plan;

namespace ActorTrain.Data.Tests.Plan;

/// <summary>Which weights sample the rollouts of which step follows from the step alone.</summary>
public sealed class RolloutScheduleTests
{
    public static TheoryData<int, int> Schedules => new()
    {
        { 0, 1 },
        { 0, 16 },
        { 1, 2 },
        { 1, 5 },
        { 2, 5 },
        { 4, 16 },
    };

    // AReaL#1345: the version counted from 0 again after a restart, so a burst was admitted and the lag had no bound.
    [Theory]
    [MemberData(nameof(Schedules))]
    public void No_lag_is_longer_than_planned_and_a_restart_changes_none(int lag, int window)
    {
        var schedule = new RolloutSchedule(lag, window);
        for (long step = 0; step < 60; step++)
        {
            var by = schedule.WeightsOf(step);
            (step - by).ShouldBeInRange(0, lag, $"step {step}");
            by.ShouldBeGreaterThanOrEqualTo(schedule.RestartBefore(step), "what a run needs to resume has no older weights with it");

            // The whole lag is used as soon as the window allows it.
            by.ShouldBe(Math.Max(step - lag, schedule.RestartBefore(step)));
        }

        // A run that resumes has what the rest of it needs from the weights of that step on.
        foreach (var restart in Enumerable.Range(0, 60).Where(step => schedule.IsRestart(step)))
            Enumerable.Range(restart, 60).ShouldAllBe(step => schedule.WeightsOf(step) >= restart);
    }

    [Theory]
    [MemberData(nameof(Schedules))]
    public void Each_step_is_sampled_by_the_weights_of_one_step_and_in_order(int lag, int window)
    {
        var schedule = new RolloutSchedule(lag, window);
        var sampled = Enumerable.Range(0, 60).SelectMany(step => schedule.SampledBy(step)).ToList();
        sampled.Take(50).ShouldBe(Enumerable.Range(0, 50).Select(static step => (long)step));
        for (long step = 0; step < 60; step++)
            schedule.SampledBy(step).ShouldAllBe(later => schedule.WeightsOf(later) == step);
    }

    [Fact]
    public void Checkpoints_are_written_where_a_run_can_resume()
    {
        var schedule = new RolloutSchedule(Lag: 2, Window: 4);
        Enumerable.Range(1, 24).Where(step => schedule.Passes(step, every: 3)).ShouldBe([4, 8, 12, 16, 20, 24]);
        Enumerable.Range(1, 24).Where(step => schedule.Passes(step, every: 8)).ShouldBe([8, 16, 24]);
        Enumerable.Range(1, 24).Where(step => new RolloutSchedule().Passes(step, every: 3)).ShouldBe([3, 6, 9, 12, 15, 18, 21, 24]);
    }
}

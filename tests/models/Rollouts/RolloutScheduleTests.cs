using ActorTrain.Models.Plan;
using FsCheck;
using FsCheck.Fluent;

namespace ActorTrain.Models.Tests.Rollouts;

/// <summary>Which weights sample what, and which batch a step is trained on.</summary>
public sealed class RolloutScheduleTests
{
    private static readonly Gen<RolloutSchedule> Schedules = Gen.OneOf(
        Gen.Constant(RolloutSchedule.OnPolicy),
        from lag in Gen.Choose(1, 5) from more in Gen.Choose(1, 8) select new RolloutSchedule(lag, lag + more),
        from epochs in Gen.Choose(2, 5) from batches in Gen.Choose(1, 6) select new RolloutSchedule(0, epochs * batches, epochs));

    // AReaL#1345: the age of rollouts is bounded by the plan, from whatever step a run resumes.
    [Fact]
    public void No_rollouts_are_older_than_planned_and_none_are_older_than_the_last_restart() => Prop.ForAll(
        Schedules.ToArbitrary(), Gen.Choose(0, 200).ToArbitrary(), static (schedule, step) =>
        {
            var by = schedule.WeightsOf(step);
            by.ShouldBeInRange(schedule.RestartBefore(step), step);
            if (schedule.Epochs == 1)
                (step - by).ShouldBeLessThanOrEqualTo(schedule.Lag);
            schedule.IsRestart(schedule.RestartBefore(step)).ShouldBeTrue();
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Each_batch_is_sampled_once_by_the_weights_of_its_steps() => Prop.ForAll(Schedules.ToArbitrary(), static schedule =>
    {
        var sampled = Enumerable.Range(0, 100).SelectMany(step => schedule.SampledBy(step)).ToList();
        sampled.ShouldBeUnique();
        foreach (var step in Enumerable.Range(0, 80))
        {
            var first = schedule.FirstStepOf(step);
            sampled.ShouldContain(first);
            (schedule.BatchOf(first), schedule.WeightsOf(first)).ShouldBe((schedule.BatchOf(step), schedule.WeightsOf(step)));
            first.ShouldBeLessThanOrEqualTo(step);
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Each_batch_of_a_window_is_trained_on_once_in_every_epoch() => Prop.ForAll(
        Gen.Choose(2, 5).ToArbitrary(), Gen.Choose(1, 8).ToArbitrary(), Gen.Choose(0, 20).ToArbitrary(), static (epochs, batches, window) =>
        {
            var schedule = new RolloutSchedule(0, epochs * batches, epochs);
            var first = window * batches;
            for (var epoch = 0; epoch < epochs; epoch++)
            {
                var begin = (window * schedule.Window) + (epoch * batches);
                var order = Enumerable.Range(begin, batches).Select(step => (int)schedule.BatchOf(step)).ToList();
                order.Order().ShouldBe(Enumerable.Range(first, batches));
                if (epoch == 0)
                    order.ShouldBeInOrder();
            }

            schedule.BatchesIn((window * schedule.Window) + schedule.Window).ShouldBe(first + batches);
            schedule.BatchesIn((window * schedule.Window) + 1).ShouldBe(first + 1);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_batches_of_some_steps_lie_between_the_first_and_the_last_of_them() => Prop.ForAll(
        Schedules.ToArbitrary(), Gen.Choose(0, 60).ToArbitrary(), Gen.Choose(1, 60).ToArbitrary(), static (schedule, from, count) =>
        {
            var batches = Enumerable.Range(from, count).Select(step => schedule.BatchOf(step)).ToList();
            schedule.BatchesOf(from, from + count).ShouldBe((batches.Min(), batches.Max()));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_order_of_a_later_epoch_is_another_one()
    {
        var schedule = new RolloutSchedule(0, 64, 2);
        long[] later = [.. Enumerable.Range(32, 32).Select(step => schedule.BatchOf(step))];
        later.ShouldNotBe([.. later.Order()]);
        later.ShouldNotBe([.. Enumerable.Range(96, 32).Select(step => schedule.BatchOf(step) - 32)]);
    }
}

using ActorTrain.Models.Optimization;

namespace ActorTrain.Models.Tests;

public sealed class ScheduleTests
{
    private static readonly LearningRateSchedule Schedule = new(Peak: 1e-3, WarmupSteps: 10, Steps: 110);

    [Fact]
    public void The_rate_climbs_linearly_to_the_peak() =>
        Enumerable.Range(0, 10).Select(step => Schedule.At(step)).ShouldBe(Enumerable.Range(1, 10).Select(i => 1e-4 * i), tolerance: 1e-12);

    [Fact]
    public void Then_it_falls_by_a_cosine_to_a_tenth_and_stays()
    {
        Schedule.At(10).ShouldBe(1e-3, 1e-12);
        Schedule.At(60).ShouldBe(0.55e-3, 1e-12);
        Schedule.At(110).ShouldBe(1e-4, 1e-12);
        Schedule.At(100_000).ShouldBe(1e-4, 1e-12);
        Enumerable.Range(10, 100).Select(step => Schedule.At(step + 1) - Schedule.At(step)).ShouldAllBe(difference => difference < 0);
    }

    [Fact]
    public void Without_warm_up_it_begins_at_the_peak() => (Schedule with { WarmupSteps = 0 }).At(0).ShouldBe(1e-3);

    [Theory]
    [InlineData(0.5, 1.0, 1.0)]
    [InlineData(4.0, 1.0, 0.25)]
    [InlineData(4.0, 0.0, 1.0)]
    public void A_gradient_above_the_limit_is_scaled_down_to_it(double norm, double limit, double factor) =>
        GradientNorm.ClipFactor(norm, limit).ShouldBe(factor, 1e-6);
}

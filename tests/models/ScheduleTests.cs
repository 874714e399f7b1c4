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

    [Fact]
    public void A_run_that_ended_warms_up_to_the_rate_of_the_longer_run_and_decays_anew()
    {
        var extended = Schedule.Extended(from: 110, steps: 210);
        var longer = Schedule with { Steps = 210 };
        Enumerable.Range(0, 110).ShouldAllBe(step => extended.At(step) == Schedule.At(step));
        for (var i = 0; i < 10; i++)
            extended.At(110 + i).ShouldBe(1e-4 + (longer.At(110 + i) - 1e-4) * (i + 1) / 10, 1e-12);
        Enumerable.Range(119, 200).ShouldAllBe(step => extended.At(step) == longer.At(step));
        extended.At(119).ShouldBeGreaterThan(0.4e-3);
        (extended.Steps, extended.At(210)).ShouldBe((210, 1e-3 * 0.1));
    }

    [Fact]
    public void A_run_on_its_way_passes_to_the_longer_cosine_without_a_jump()
    {
        var (extended, longer) = (Schedule.Extended(from: 60, steps: 400), Schedule with { Steps = 400 });
        var largest = Enumerable.Range(0, 400).Max(step => Math.Abs(extended.At(step + 1) - extended.At(step)));
        largest.ShouldBeLessThanOrEqualTo(1e-4 + 1e-12, "no step changes the rate by more than one of the warm-up does");
        Enumerable.Range(60, 10).ShouldAllBe(step => extended.At(step) > Schedule.At(step) && extended.At(step) <= longer.At(step));
        Enumerable.Range(69, 400).ShouldAllBe(step => extended.At(step) == longer.At(step));
    }

    [Fact]
    public void The_warm_up_stays_what_it_was() =>
        Enumerable.Range(0, 10).Select(step => Schedule.Extended(from: 4, steps: 1000).At(step))
            .ShouldBe(Enumerable.Range(0, 10).Select(step => Schedule.At(step)), tolerance: 1e-18);

    [Fact]
    public void Of_two_extensions_the_later_decided_counts_from_its_step_on()
    {
        // The second is decided after the run rolled back to before the first.
        var twice = Schedule.Extended(from: 110, steps: 210).Extended(from: 50, steps: 300);
        var longest = Schedule with { Steps = 300 };
        Enumerable.Range(0, 50).ShouldAllBe(step => twice.At(step) == Schedule.At(step));
        Enumerable.Range(59, 300).ShouldAllBe(step => twice.At(step) == longest.At(step));
        Schedule.Extended(from: 50, steps: 110).ShouldBe(Schedule);
    }

    [Theory]
    [InlineData(0, 300)]
    [InlineData(10, 113)]
    [InlineData(105, 113)]
    public void However_short_the_warm_up_or_the_extension_it_ends_at_the_lowest_rate(int warmup, int steps)
    {
        var schedule = Schedule with { WarmupSteps = warmup };
        var (extended, longer) = (schedule.Extended(from: 108, steps), schedule with { Steps = steps });
        extended.At(steps - 1).ShouldBe(longer.At(steps - 1));
        extended.At(steps).ShouldBe(1e-3 * 0.1);
    }

    [Theory]
    [InlineData(0.5, 1.0, 1.0)]
    [InlineData(4.0, 1.0, 0.25)]
    [InlineData(4.0, 0.0, 1.0)]
    public void A_gradient_above_the_limit_is_scaled_down_to_it(double norm, double limit, double factor) =>
        GradientNorm.ClipFactor(norm, limit).ShouldBe(factor, 1e-6);
}

using ActorTrain.Actors.Checkpoints;
using ActorTrain.Actors.Run;
using ActorTrain.Models.Optimization;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Tests.Runs;

public sealed class CheckpointScheduleTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly SaveIntervalOptions Bounds = new() { Least = 5, Most = 40 };

    [Fact]
    public void A_fixed_interval_is_kept_and_time_alone_makes_one_due()
    {
        var schedule = new CheckpointSchedule(Options() with { CheckpointEvery = 4, CheckpointPeriod = TimeSpan.FromMinutes(10) }, []);
        schedule.Begin(Noon);
        Due(schedule, 1, 12).ShouldBe([4, 8, 12]);
        schedule.IsDue(13, Noon.AddMinutes(10)).ShouldBeTrue();
        schedule.NoteBegun(13, Noon.AddMinutes(10));
        schedule.IsDue(13, Noon.AddMinutes(11)).ShouldBeFalse();
    }

    [Fact]
    public void A_chosen_interval_counts_from_the_last_save_and_goes_back_with_the_run()
    {
        var schedule = new CheckpointSchedule(Options() with { SaveInterval = Bounds }, []);
        schedule.Begin(Noon);
        Due(schedule, 1, 12).ShouldBe([5, 10]);
        Due(schedule, 8, 14).ShouldBe([13]);
    }

    [Theory]
    [InlineData(10, 5)]
    [InlineData(40_000, 22)]
    [InlineData(400_000, 40)]
    public void What_is_measured_chooses_within_the_bounds_and_small_differences_change_nothing(int stallMilliseconds, long expected)
    {
        var schedule = new CheckpointSchedule(Options() with { SaveInterval = Bounds }, []);
        schedule.Begin(Noon);
        for (var step = 1; step <= 6; step++)
            schedule.NoteBoundary(step, null, Noon.AddSeconds(60 * step));
        schedule.NoteStall(TimeSpan.FromMilliseconds(stallMilliseconds));
        schedule.NoteWritten(TimeSpan.FromSeconds(1), Noon.AddMinutes(7)).ShouldNotBeNull().Every.ShouldBe(expected);
        schedule.NoteWritten(TimeSpan.FromSeconds(1.02), Noon.AddMinutes(8)).ShouldBeNull();
        schedule.Every.ShouldBe(expected);
    }

    [Fact]
    public void The_next_process_goes_on_with_what_was_chosen() =>
        new CheckpointSchedule(Options() with { SaveInterval = Bounds },
            [new SaveIntervalChosen(Noon, 3, 17, ""), new SaveIntervalChosen(Noon, 5, 900, "")]).Every.ShouldBe(40);

    private static RunLogicOptions Options() =>
        new() { ConfigurationHash = "c", Schedule = new LearningRateSchedule(1, 0, 100, 1), Lanes = 1 };

    // Steps from one on that are due, each of which is saved.
    private static List<long> Due(CheckpointSchedule schedule, long from, long to)
    {
        List<long> due = [];
        for (var step = from; step <= to; step++)
        {
            schedule.NoteBoundary(step, null, Noon);
            if (!schedule.IsDue(step, Noon))
                continue;
            due.Add(step);
            schedule.NoteBegun(step, Noon);
        }

        return due;
    }
}

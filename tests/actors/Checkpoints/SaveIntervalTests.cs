using ActorTrain.Actors.Checkpoints;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Tests.Checkpoints;

public sealed class SaveIntervalTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);
    private static readonly SaveCost Cost =
        new(TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(300), TimeSpan.FromMilliseconds(500));
    private static readonly SaveIntervalOptions Wide = new() { Least = 1, Most = 1_000_000 };

    [Fact]
    public void Without_a_failure_it_is_Youngs_of_the_prior()
    {
        // C = 20 ms + a tenth of 300 ms; a failure in 6 hours, and 0.3 s to read back: √(2 · 0.05 · 21599.7) = 46.5 s.
        var choice = SaveInterval.Choose(Cost, FailureRecord.Empty, Wide);
        choice.Every.ShouldBe(93);
        choice.Reason.ShouldName(
            "costs 50 ms", "stall 20 ms", "write 300 ms", "MTBF 6 h (never in 0 s so far)", "delay 0 s",
            "√(2 · 50 ms · (6 h − 0 s − 300 ms)) = 46.5 s", "93 steps of 500 ms");
    }

    [Fact]
    public void It_is_the_optimum_of_the_time_lost()
    {
        // The part of the time that is kept, by the first-order model, is nowhere greater.
        foreach (var (save, between, late,
            read) in new[] { (0.05, 3600.0, 0.0, 0.3), (2, 600, 50, 10), (5, 900, 300, 20), (0.5, 86_400, 3600, 2) })
        {
            var cost = new SaveCost(TimeSpan.FromSeconds(save - (0.1 * read)), TimeSpan.FromSeconds(read), TimeSpan.FromSeconds(0.01));
            var failures =
                Record(TimeSpan.FromSeconds((2 * between) - Wide.PriorTimeBetweenFailures.TotalSeconds), (long)(2 * late / 0.01));
            if (failures is null)
                continue;
            var chosen = SaveInterval.Choose(cost, failures, Wide).Every * 0.01;
            double Kept(double interval) => (1 - (save / interval)) * (1 - (((interval / 2) + late + read) / between));
            Kept(chosen).ShouldBeGreaterThanOrEqualTo(Kept(chosen * 1.05));
            Kept(chosen).ShouldBeGreaterThanOrEqualTo(Kept(chosen / 1.05));
        }

        static FailureRecord? Record(TimeSpan watched, long delay) => watched < TimeSpan.Zero ? null : FailureRecord.Of(
        [
            new RunStarted(Noon, "", 1, 1, 1),
            new CourseCorrected(Noon, delay, new Intervention(1, 0, [], 1, "", "")),
            new RunRolledBack(Noon + watched, 0, delay, StateKind.Checkpoint, ""),
        ]);
    }

    [Fact]
    public void Late_detection_shortens_it_and_failures_faster_than_their_repair_make_it_shortest()
    {
        var late = FailureRecord.Of(
        [
            new RunStarted(Noon, "", 1, 1, 1),
            new CourseCorrected(Noon.AddHours(1), 5000, new Intervention(1, 1000, [], 1, "", "")),
            new RunRolledBack(Noon.AddHours(1), 900, 5000, StateKind.Checkpoint, ""),
        ]);
        (late.Failures, late.DelaySteps).ShouldBe((1, 4000));
        var once = FailureRecord.Of([new RunStarted(Noon, "", 1, 1, 1), new RunRewound(Noon.AddHours(1), 900, 5000, StateKind.Checkpoint)]);
        SaveInterval.Choose(Cost, late, Wide).Every.ShouldBeLessThan(SaveInterval.Choose(Cost, once, Wide).Every);

        var hopeless = SaveInterval.Choose(Cost with { Write = TimeSpan.FromHours(4) }, once, Wide with { Least = 7 });
        hopeless.Every.ShouldBe(7);
        hopeless.Reason.ShouldContain("MTBF is shorter than recovery time");
    }

    [Fact]
    public void It_keeps_to_its_bounds_and_says_so()
    {
        SaveInterval.Choose(Cost, FailureRecord.Empty, new SaveIntervalOptions { Least = 10, Most = 50 }).ShouldSatisfyAllConditions(
            choice => choice.Every.ShouldBe(50), choice => choice.Reason.ShouldName("93 steps of 500 ms", "to 50", "10 and 50"));
        SaveInterval.Choose(Cost, FailureRecord.Empty, new SaveIntervalOptions { Least = 200, Most = 500 }).Every.ShouldBe(200);
    }

    [Fact]
    public void More_failures_mean_shorter_intervals()
    {
        var record = FailureRecord.Of([new RunStarted(Noon, "", 1, 1, 1)]);
        var last = long.MaxValue;
        for (var i = 1; i <= 8; i++)
        {
            record = record.Apply(new RunRewound(Noon.AddMinutes(10 * i), 0, 10, StateKind.Checkpoint));
            var every = SaveInterval.Choose(Cost, record, Wide).Every;
            every.ShouldBeLessThan(last);
            last = every;
        }
    }

    [Fact]
    public void Only_what_fell_back_to_disk_counts_and_only_time_in_which_a_process_ran()
    {
        var record = FailureRecord.Of(
        [
            new RunStarted(Noon, "", 1, 1, 1),
            new RunRewound(Noon.AddMinutes(1), 5, 7, StateKind.Snapshot),
            new RunRolledBack(Noon.AddMinutes(2), 5, 7, StateKind.Snapshot, ""),
            new RunStopped(Noon.AddMinutes(10), 8, "SIGTERM"),
            new RunResumed(Noon.AddMinutes(100), 8, StateKind.Checkpoint, 1),
            new CheckpointCommitted(Noon.AddMinutes(105), 10, ""),
            new RunResumed(Noon.AddMinutes(500), 10, StateKind.Checkpoint, 1),
            new RunResumed(Noon.AddMinutes(501), 10, StateKind.Snapshot, 1),
        ]);
        record.Failures.ShouldBe(1, "the process that died after step 10");
        record.Watched.ShouldBe(TimeSpan.FromMinutes(15));
        record.Until(Noon.AddMinutes(503)).Watched.ShouldBe(TimeSpan.FromMinutes(17));
    }
}

using ActorTrain.Actors.Protocol;
using ActorTrain.Chaos.Tests.Schedules;
using ActorTrain.Chaos.Tests.World;
using ActorTrain.Tests.Databases;
using Npgsql;

namespace ActorTrain.Chaos.Tests;

/// <summary>The journal on a real PostgreSQL server, which goes away as it likes.</summary>
public sealed class PostgresTests
{
    private static readonly TimeSpan Guard = TimeSpan.FromMinutes(2);

    [Theory]
    [InlineData(10_001)]
    [InlineData(10_002)]
    [InlineData(10_003)]
    [InlineData(10_004)]
    [InlineData(10_005)]
    [InlineData(10_006)]
    [InlineData(10_007)]
    [InlineData(10_008)]
    [InlineData(10_009)]
    [InlineData(10_010)]
    [InlineData(10_011)]
    [InlineData(10_012)]
    public void A_run_that_is_disturbed_ends_with_the_bits_of_one_that_is_not(int seed) =>
        ChaosRun.Do(RandomSchedule.Of(ScheduleFamily.Text, seed), PostgresServer.Shared.NewDatabase());

    /// <summary>Trainers come and go with each step, which are decisions; so a database that is away holds the run up once as many wait as
    /// may.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task While_the_server_is_away_training_goes_on_within_the_buffer_then_pauses_and_no_decision_is_lost(bool crash)
    {
        using var server = PostgresServer.StartOwn();
        var folder = Directory.CreateTempSubdirectory("actortrain-chaos-").FullName;
        try
        {
            var place = new ChaosPlace(folder, server.NewDatabase()) { DatabaseTimeout = TimeSpan.FromSeconds(2) };
            var schedule = new RandomSchedule
            {
                Seed = 0,
                Training = ChaosText.Float32,
                Trainers = 2,
                JournalBuffer = 4,
                Scales = [.. Enumerable.Range(3, 8).Select(static step => ((long)step, 1 + step % 2))]
            };
            using var away = new ManualResetEventSlim();
            long wentAwayAt = 0;
            var life = new RunPart(schedule, 0, place)
            {
                DatabaseFails = true,
                OnStep = (_, step) =>
                {
                    if (step != 3)
                        return;
                    if (crash)
                        server.Crash();
                    else
                        server.Pause();
                    wentAwayAt = step;
                    away.Set();
                },
            };
            var run = Task.Factory.StartNew(life.Live, TaskCreationOptions.LongRunning);
            away.Wait(Guard).ShouldBeTrue();
            var paused = UntilPaused(life, run);
            paused.JournalWaiting.ShouldBeGreaterThanOrEqualTo(4);
            paused.Step.ShouldBeGreaterThan(wentAwayAt);
            paused.Step.ShouldBeLessThan(schedule.Training.Steps);
            if (crash)
                server.StartAgain();
            else
                server.Resume();
            (await run.WaitAsync(Guard)).Ending.ShouldBe(RunEnding.Finished);
            ChaosVerdict.Check(place, schedule, life.Faults.Decisions);
        }
        finally
        {
            NpgsqlConnection.ClearAllPools();
            Directory.Delete(folder, recursive: true);
        }
    }

    private static bool IsAway(string sentence) =>
        sentence.StartsWith("the journal's database is unavailable", StringComparison.Ordinal);

    // Asked again and again: the run says that the database is away, but tells nobody that it pauses.
    private static RunStatus UntilPaused(RunPart life, Task<RunEnded> run)
    {
        for (var until = DateTime.UtcNow + Guard; DateTime.UtcNow < until;)
        {
            run.IsCompleted.ShouldBeFalse("the run ended without its database");
            if (life.Status() is { } status && status.Phase == RunPhase.WaitingForDatabase && life.Said.Any(IsAway))
                return status;
        }

        throw new InvalidOperationException($"The run never paused: {life.Status()}");
    }
}

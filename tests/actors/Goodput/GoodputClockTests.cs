using ActorTrain.Actors.Goodput;
using ActorTrain.Actors.Protocol;
using ActorTrain.Persistence.Goodput;

namespace ActorTrain.Actors.Tests.Goodput;

public sealed class GoodputClockTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Whatever_happens_in_however_many_processes_the_parts_make_the_whole(int seed)
    {
        var random = new Random(seed);
        for (var history = 0; history < 200; history++)
        {
            List<GoodputRow> rows = [];
            var at = Start;
            long best = 0, commits = 0;
            for (var life = random.Next(1, 5); life > 0; life--)
            {
                at += TimeSpan.FromTicks(random.Next(0, 50_000_000));
                var process = at;
                var step = Math.Max(0, best - random.Next(0, 10));
                var clock = new GoodputClock(rows.LastOrDefault(), process, reached: best);
                clock.Turn(new GoodputTurn(at, GoodputActivity.Starting, null, step));
                for (var turn = random.Next(1, 60); turn > 0; turn--)
                {
                    at += TimeSpan.FromTicks(random.Next(-2_000_000, 30_000_000));
                    if (random.Next(3) == 0)
                        step = Math.Max(0, step - random.Next(0, 4));
                    else if (random.Next(2) == 0)
                        (step, commits) = (step + 1, commits + 1);
                    var activity = (GoodputActivity)random.Next((int)GoodputActivity.Ending + 1);
                    clock.Turn(new GoodputTurn(at, activity, activity == GoodputActivity.Recovering ? $"cause {random.Next(3)}" : null,
                        step, TimeSpan.FromTicks(random.Next(0, 3_000_000))));
                    if (random.Next(4) == 0)
                        rows.AddRange(clock.Close(at));
                }

                if (random.Next(2) == 0)
                    rows.AddRange(clock.Close(at));
                best = Math.Max(best, step);
                at = rows.Count > 0 && rows[^1].To > at ? rows[^1].To : at;
            }

            if (rows.Count == 0)
                continue;
            for (var i = 0; i < rows.Count; i++)
            {
                rows[i].Shares.Sum(static share => share.Time.Ticks).ShouldBe((rows[i].To - rows[i].From).Ticks, $"seed {seed}");
                rows[i].To.ShouldBeGreaterThan(rows[i].From);
                if (i == 0)
                    continue;
                rows[i].From.ShouldBe(rows[i - 1].To, $"seed {seed}");
                rows[i].Reached.ShouldBeGreaterThanOrEqualTo(rows[i - 1].Reached);
            }

            var report = GoodputReport.Of(rows)!;
            report.Wall.ShouldBe(rows[^1].To - rows[0].From, $"seed {seed}");
            (report.NewSteps + report.LostSteps).ShouldBeLessThanOrEqualTo(commits);
            report.NewSteps.ShouldBeLessThanOrEqualTo(rows[^1].Reached, $"seed {seed}");
        }
    }

    [Fact]
    public void A_step_is_new_once_and_redone_ever_after()
    {
        var clock = new GoodputClock(null, Start, reached: 0);
        clock.Turn(Turn(1, GoodputActivity.NewSteps, 0));
        for (var step = 1; step <= 4; step++)
            clock.Turn(Turn(1 + step, GoodputActivity.NewSteps, step));
        clock.Turn(Turn(6, GoodputActivity.Recovering, 2, "spike"));
        clock.Turn(Turn(8, GoodputActivity.NewSteps, 3));
        clock.Turn(Turn(9, GoodputActivity.NewSteps, 4));
        clock.Turn(Turn(10, GoodputActivity.NewSteps, 5));
        var report = GoodputReport.Of(clock.Close(At(11)))!;
        (report.NewSteps, report.LostSteps).ShouldBe((5, 2));
        Shares(report).ShouldBe(
        [
            (GoodputActivity.NewSteps, null, 7, 2), (GoodputActivity.RedoneSteps, null, 1, 1), (GoodputActivity.Recovering, "spike", 2, 1),
                (GoodputActivity.Starting, null, 1, 1),
        ]);
    }

    [Fact]
    public void A_turn_that_comes_after_the_row_of_its_moment_counts_from_there_on()
    {
        var clock = new GoodputClock(null, Start, reached: 0);
        clock.Turn(Turn(1, GoodputActivity.NewSteps, 0));
        clock.Close(At(10)).Count.ShouldBe(2);
        clock.Turn(Turn(9, GoodputActivity.Paused, 3));
        var row = clock.Close(At(12)).ShouldHaveSingleItem();
        (row.From, row.NewSteps).ShouldBe((At(10), 3));
        Shares(GoodputReport.Of([row])!).ShouldBe([(GoodputActivity.Paused, null, 2, 1)]);
    }

    [Fact]
    public void Waiting_for_samples_is_taken_out_of_the_step_it_held_up()
    {
        var clock = new GoodputClock(null, Start, reached: 0);
        clock.Turn(Turn(1, GoodputActivity.NewSteps, 0));
        clock.Turn(Turn(5, GoodputActivity.NewSteps, 1) with { Waited = TimeSpan.FromSeconds(3) });
        clock.Turn(Turn(6, GoodputActivity.NewSteps, 2) with { Waited = TimeSpan.FromSeconds(9) });
        Shares(GoodputReport.Of(clock.Close(At(6)))!).ShouldBe(
            [(GoodputActivity.NewSteps, null, 1, 1), (GoodputActivity.WaitingForData, null, 4, 0), (GoodputActivity.Starting, null, 1, 1)]);
    }

    [Fact]
    public void A_process_that_died_leaves_time_down_and_a_recovery_and_one_that_ended_in_order_does_not()
    {
        var dead = new GoodputClock(null, Start, 0);
        dead.Turn(Turn(1, GoodputActivity.NewSteps, 0));
        dead.Turn(Turn(2, GoodputActivity.NewSteps, 7));
        var last = dead.Close(At(3))[^1];

        var next = new GoodputClock(last, At(10), reached: 8);
        next.Turn(Turn(12, GoodputActivity.Starting, 5));
        next.Turn(Turn(13, GoodputActivity.NewSteps, 5));
        next.Turn(Turn(14, GoodputActivity.NewSteps, 8));
        next.Turn(Turn(15, GoodputActivity.Ending, 9));
        var rows = next.Close(At(16));
        rows.Select(static row => (row.To - Start).TotalSeconds).ShouldBe([10, 13, 16]);
        var report = GoodputReport.Of(rows)!;
        (report.NewSteps, report.LostSteps).ShouldBe((2, 3));
        Shares(report).ShouldBe(
        [
            (GoodputActivity.NewSteps, null, 1, 1), (GoodputActivity.RedoneSteps, null, 1, 1),
                (GoodputActivity.Recovering, GoodputClock.ProcessRestart, 3, 1),
            (GoodputActivity.Ending, null, 1, 1), (GoodputActivity.Down, GoodputClock.Killed, 7, 1),
        ]);

        Shares(GoodputReport.Of(new GoodputClock(last, At(10), reached: 8, GoodputClock.KilledForMemory).Close(At(12)))!)
            .ShouldContain((GoodputActivity.Down, GoodputClock.KilledForMemory, 7, 1));

        var third = new GoodputClock(rows[^1], At(20), 9);
        third.Turn(Turn(21, GoodputActivity.NewSteps, 9));
        Shares(GoodputReport.Of(third.Close(At(22)))!).ShouldBe(
            [(GoodputActivity.NewSteps, null, 1, 1), (GoodputActivity.Starting, null, 1, 1),
                (GoodputActivity.Down, GoodputClock.Stopped, 4, 1)]);
    }

    [Fact]
    public void Another_life_of_the_recorder_goes_on_where_the_former_ended()
    {
        var former = new GoodputClock(null, Start, 0);
        former.Turn(Turn(1, GoodputActivity.NewSteps, 0));
        var next = new GoodputClock(former.Close(At(2))[^1], Start, 0);
        next.Turn(Turn(4, GoodputActivity.NewSteps, 1));
        Shares(GoodputReport.Of(next.Close(At(5)))!).ShouldBe([(GoodputActivity.NewSteps, null, 3, 0)]);
    }

    [Fact]
    public void Figures_follow_their_definitions()
    {
        GoodputRow[] rows =
        [
            new(At(0), At(100), Start, 50, 50, 0,
            [
                new(GoodputActivity.NewSteps, null, TimeSpan.FromSeconds(60), 1),
                    new(GoodputActivity.RedoneSteps, null, TimeSpan.FromSeconds(5)),
                new(GoodputActivity.Recovering, "spike", TimeSpan.FromSeconds(3), 1),
                    new(GoodputActivity.Recovering, GoodputReport.Operator, TimeSpan.FromSeconds(2), 1),
                new(GoodputActivity.Paused, null, TimeSpan.FromSeconds(30), 1),
            ]),
            new(At(110), At(150), At(130), 70, 20, 6,
            [
                new(GoodputActivity.Recovering, GoodputClock.ProcessRestart, TimeSpan.FromSeconds(4), 1),
                    new(GoodputActivity.Down, GoodputClock.Killed, TimeSpan.FromSeconds(8), 1),
                new(GoodputActivity.Down, GoodputClock.Stopped, TimeSpan.FromSeconds(8), 1),
                    new(GoodputActivity.NewSteps, null, TimeSpan.FromSeconds(20)),
            ]),
        ];
        var report = GoodputReport.Of(rows)!;
        report.Wall.ShouldBe(TimeSpan.FromSeconds(150));
        report.Shares.ShouldContain(new GoodputShare(GoodputActivity.Down, GoodputReport.NotRecorded, TimeSpan.FromSeconds(10)));
        (report.NewSteps, report.LostSteps, report.Failures).ShouldBe((70, 6, 2));
        report.Ettr.ShouldBe(80 / 150.0, 1e-12);
        report.WantedEttr.ShouldBe(80 / 112.0, 1e-12);
        report.Mtbf.ShouldBe(TimeSpan.FromSeconds(56));
        report.Mttr.ShouldBe(TimeSpan.FromSeconds((3 + 4 + 8 + 10 + 5) / 2.0));
        GoodputReport.Of([]).ShouldBeNull();
    }

    private static DateTimeOffset At(double seconds) => Start.AddSeconds(seconds);

    private static GoodputTurn Turn(double seconds, GoodputActivity activity, long step, string? cause = null) =>
        new(At(seconds), activity, cause, step);

    private static IEnumerable<(GoodputActivity Activity, string? Cause, double Seconds, int Begun)> Shares(GoodputReport report) =>
        report.Shares.Select(static share => (share.Activity, share.Cause, share.Time.TotalSeconds, share.Begun));
}

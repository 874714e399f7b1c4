using ActorTrain.Actors.Goodput;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Run;
using ActorTrain.Actors.Tests.Simulation;
using ActorTrain.Data.Plan;
using ActorTrain.Persistence.Goodput;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Tests.Goodput;

/// <summary>What a run says of its own time, under virtual time.</summary>
public sealed class RunTimeTests
{
    private static readonly RunLogicOptions Small = new()
    {
        ConfigurationHash = "hash",
        Schedule = Arithmetic.Constant(12),
        Lanes = 4,
        Trainers = 2,
        EvaluateEvery = 5,
        HasValidation = true,
        CheckpointEvery = 4,
        TrainerTimeout = TimeSpan.FromSeconds(10),
        RetryInterval = TimeSpan.FromSeconds(1),
    };

    [Fact]
    public void An_undisturbed_run_takes_each_step_once_and_recovers_from_nothing()
    {
        var report = Report(static _ => { });
        (report.NewSteps, report.LostSteps, report.Failures).ShouldBe((12, 0, 0));
        report.Shares.Select(static share => share.Activity).Distinct().ShouldBe(
            [GoodputActivity.NewSteps, GoodputActivity.Evaluating, GoodputActivity.Saving, GoodputActivity.Starting,
                GoodputActivity.Ending], ignoreOrder: true);
    }

    [Fact]
    public void A_lost_trainer_costs_the_time_until_the_next_update()
    {
        var report = Report(static run =>
        {
            run.Until(static logic => logic.TakenSteps == 6);
            run.UntilHalfOfTheLanesAreDone();
            run.Crash(1);
        });
        (report.NewSteps, report.LostSteps, report.Failures).ShouldBe((12, 0, 1));
        report.Shares.Single(static share => share.Activity == GoodputActivity.Recovering).Cause.ShouldBe("trainer lost");
    }

    [Fact]
    public void A_trainer_that_is_taken_away_in_order_costs_nothing()
    {
        var report = Report(static run =>
        {
            run.Until(static logic => logic.TakenSteps == 6);
            run.Give(new ScaleTrainers(1));
        });
        report.Failures.ShouldBe(0);
        report.TimeOf(GoodputActivity.Recovering).ShouldBe(TimeSpan.Zero);
    }

    [Fact]
    public void Going_back_for_an_operator_is_no_failure_and_its_steps_are_redone()
    {
        SimulatedRun? went = null;
        var report = Report(run =>
        {
            went = run;
            run.Until(static logic => logic.TakenSteps == 9);
            run.Give(new OperatorRequest(1, "ann", new RollBackRun(3, 2)));
        });
        var back = went!.Journal.OfType<RunRolledBack>().Single();
        report.NewSteps.ShouldBe(12);
        report.LostSteps.ShouldBe(back.LostStep - back.Step);
        report.Failures.ShouldBe(0);
        report.Shares.Single(static share => share.Activity == GoodputActivity.Recovering).Cause.ShouldBe(GoodputReport.Operator);
        report.TimeOf(GoodputActivity.RedoneSteps).ShouldBeGreaterThan(TimeSpan.Zero);
    }

    [Fact]
    public void A_pause_is_a_pause_from_the_step_to_the_resume()
    {
        var report = Report(static run =>
        {
            run.Until(static logic => logic.TakenSteps == 6);
            run.Give(new OperatorRequest(1, "ann", new PauseRun()));
            run.Until(static logic => logic.Status().Phase == RunPhase.Paused);
            var since = run.Now;
            run.Until(_ => run.Now - since > TimeSpan.FromMinutes(3));
            run.Give(new OperatorRequest(2, "ann", new ContinueRun()));
        });
        report.TimeOf(GoodputActivity.Paused).ShouldBeGreaterThan(TimeSpan.FromMinutes(3));
        (report.NewSteps, report.LostSteps, report.Failures).ShouldBe((12, 0, 0));
    }

    [Fact]
    public void In_any_storm_every_step_is_new_once_and_the_parts_make_the_whole()
    {
        var storm = new Weather
        {
            Drop = 0.03,
            Duplicate = 0.03,
            Delay = 0.05,
            Crash = 0.03,
            Hang = 0.003,
            OthersCrash = 0.02,
            RunCrash = 0.002,
            StormInputs = 2000
        };
        for (var seed = 0; seed < 100; seed++)
        {
            var run = new SimulatedRun(seed, Small, new BatchPlan(1, 10_000, 16, 4), storm);
            run.Run(400_000);
            var report = ReportOf(run);
            report.NewSteps.ShouldBe(12, $"seed {seed}");
            report.Wall.ShouldBe(run.Turns[^1].At - Began, $"seed {seed}");
            report.LostSteps.ShouldBeGreaterThanOrEqualTo(run.Journal.OfType<RunRewound>().Sum(static back => back.LostStep - back.Step),
                $"seed {seed}");
        }
    }

    private static DateTimeOffset Began => new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static GoodputReport Report(Action<SimulatedRun> disturb)
    {
        var run = new SimulatedRun(1, Small, new BatchPlan(1, 10_000, 16, 4));
        disturb(run);
        run.Run(400_000).Ending.ShouldBe(RunEnding.Finished);
        return ReportOf(run);
    }

    private static GoodputReport ReportOf(SimulatedRun run)
    {
        var clock = new GoodputClock(null, Began, reached: 0);
        foreach (var turn in run.Turns)
            clock.Turn(turn);
        return GoodputReport.Of(clock.Close(run.Turns[^1].At))!;
    }
}

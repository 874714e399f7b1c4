using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Recovery;
using ActorTrain.Actors.Run;
using ActorTrain.Data.Plan;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>Runs that are made longer under virtual time: whatever is killed, they end with the weights of a bare loop whose schedule was
/// extended at the same steps.</summary>
public sealed class ExtensionSimulationTests
{
    private static readonly LearningRateSchedule Schedule = new(Peak: 1, WarmupSteps: 4, Steps: 20);
    private static readonly BatchPlan Plan = new(1, 10_000, 16, 8);

    private static readonly RunLogicOptions Small = new()
    {
        ConfigurationHash = "hash",
        Schedule = Schedule,
        Lanes = 8,
        Trainers = 3,
        Reducers = 2,
        EvaluateEvery = 7,
        HasValidation = true,
        CheckpointEvery = 5,
        Audit = new() { Every = 4 },
        TrainerTimeout = TimeSpan.FromSeconds(10),
        RetryInterval = TimeSpan.FromSeconds(1),
    };

    private static readonly Weather Storm = new()
    {
        Drop = 0.03,
        Duplicate = 0.03,
        Delay = 0.05,
        Crash = 0.02,
        OthersCrash = 0.02,
        Scale = 0.004,
        RunCrash = 0.002,
        ProcessDeath = 0.004,
        JournalAway = 0.05,
        StormInputs = 4000,
    };

    [Theory]
    [InlineData(1, 20)]
    [InlineData(3, 20)]
    [InlineData(8, 20)]
    [InlineData(1, 7)]
    [InlineData(3, 7)]
    [InlineData(8, 0)]
    public void Any_number_of_trainers_ends_with_the_weights_of_the_bare_loop(int trainers, int from)
    {
        var run = Stopped(1, Small with { Trainers = trainers }, from);
        Extended(run, Small with { Trainers = trainers }, 33);
        Check(run, 33, (from, 33));
        run.Steps.Select(static row => row.LearningRate)
            .ShouldBe(Enumerable.Range(0, 33).Select(step => Schedule.Extended(from, 33).At(step)));
    }

    [Fact]
    public void A_finished_run_says_in_its_journal_that_it_was_extended_and_finishes_again()
    {
        var run = Stopped(1, Small, 20);
        var ended = run.Journal.Count;
        run.Journal[^1].ShouldBeOfType<RunFinished>().Step.ShouldBe(20);
        Extended(run, Small, 30);
        Extended(run, Small, 30);
        Extended(run, Small, 37);
        Check(run, 37, (20, 30), (30, 37));
        var extension = run.Journal[ended].ShouldBeOfType<RunExtended>().Intervention;
        extension.ShouldBe(new Intervention(1, 20, [], 1, "ann", extension.Reason) { Steps = 30 });
        extension.Reason.ShouldName("ann", "from 20 to 30 steps", "from step 20", "over 4 steps", "a run of 30 steps");
        run.Journal.OfType<RunFinished>().Select(static finished => finished.Step).Distinct().ShouldBe([20, 30, 37]);
        run.Evaluations.Select(static row => row.Step).Distinct().ShouldBe([7, 14, 20, 21, 28, 30, 35, 37]);
    }

    /// <summary>No step beyond the old end, and none at the new rate, is taken before the decision is durable.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_extension_waits_for_the_journal_and_one_that_never_got_there_leaves_no_trace(bool stops)
    {
        var run = new SimulatedRun(1, Small, Plan, new Weather { JournalAway = 1, StormInputs = int.MaxValue });
        run.Until(static logic => logic.TakenSteps == 9);
        run.Give(new OperatorRequest(1, "ann", new ExtendRun(40)));
        var at = 0L;
        run.Until(logic => (at = logic.TakenSteps) > 0 && run.Inputs > 20_000);
        run.Steps.Count.ShouldBeLessThanOrEqualTo(10);
        run.Answers.ShouldBeEmpty();
        if (stops)
        {
            run.Give(new StopRun("SIGTERM"));
            run.Run(400_000).Step.ShouldBe(10);
        }

        run.NextProcess();
        run.Until(static logic => logic.TakenSteps == 12);
        run.BecomeCalm();
        run.Run(400_000).Ending.ShouldBe(RunEnding.Finished);
        Check(run, 20);
    }

    [Fact]
    public void A_run_that_goes_back_to_before_its_extension_keeps_the_rates_of_the_steps_before_it()
    {
        var run = Stopped(1, Small, 20);
        run.NextProcess(Small with { Extension = (40, "ann") });
        run.Until(static logic => logic.TakenSteps == 25);
        run.Give(new OperatorRequest(1, "ann", new RollBackRun(10, 0)));
        run.Until(static logic => logic.TakenSteps == 12);
        run.Give(new OperatorRequest(2, "ann", new ExtendRun(40)));
        run.Give(new OperatorRequest(3, "ann", new ExtendRun(50)));
        run.Run(400_000);
        run.Answers.Select(static answer => answer.IsAccepted).ShouldBe([true, false, true], ignoreOrder: true);
        Check(run, 50, (20, 40), (13, 50));
    }

    [Theory]
    [InlineData(8)]
    [InlineData(9)]
    public void What_is_decided_while_a_run_takes_its_way_back_to_a_step_takes_effect_at_that_step(int to)
    {
        var run = new SimulatedRun(1, Small with { SnapshotSlots = 2 }, Plan);
        run.Until(static logic => logic.TakenSteps == 13);
        run.Give(new OperatorRequest(1, "ann", new RollBackRun(to, 0)));
        run.Until(static logic => logic.TakenSteps == 6);
        run.Give(new OperatorRequest(2, "ann", new ExtendRun(40)));
        run.Run(400_000);
        Check(run, 40, (to, 40));
    }

    [Fact]
    public void A_run_that_is_ending_refuses_what_comes_too_late()
    {
        var run = Stopped(1, Small, 20, () => new OperatorRequest(1, "ann", new ExtendRun(40)));
        run.Answers.ShouldHaveSingleItem().IsAccepted.ShouldBeFalse();
        Check(run, 20);
    }

    [Fact]
    public void A_measurement_that_an_older_program_left_without_its_rate_gets_that_of_the_schedule()
    {
        var left = UnwrittenCodec.Read("unwritten.json", """
            {"recorded":0,"decisions":[],"metrics_step":6,"measurements":[{"measurement":{"$type":"step","step":7,"loss":1,"gradient_norm":1,"elapsed":"00:00:01","positions":[96],"rate_factor":0.5},"step":7}]}
            """u8);
        var lowered = new Intervention(1, 3, [], 0.5, "ann", "ann lowered the rate.");
        var origin = new RunOrigin(7, "ff", RunOverrides.None.With(lowered));
        var logic = new RunLogic(Small, Plan, RecoveryState.Of([origin], left),
            [new RunStarted(default, "hash", 20, 8, 3), new CourseCorrected(default, 3, lowered)]);
        logic.Begin(DateTimeOffset.UnixEpoch);
        logic.Step(new PublisherStarted(1), DateTimeOffset.UnixEpoch).OfType<ToMetrics>().Select(static effect => effect.Command)
            .OfType<Publish>()
            .ShouldHaveSingleItem().Measurement.ShouldBeOfType<StepMeasurement>().LearningRate.ShouldBe(0.5 * Schedule.At(6));
    }

    /// <summary>Asked while the last step is evaluated and saved, or long before.</summary>
    [Fact]
    public void Kills_and_failures_between_request_and_effect_or_later_change_no_bit()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            try
            {
                var random = new Random(seed);
                var run = new SimulatedRun(seed, Small with { Trainers = 1 + seed % 5, Reducers = 1 + seed % 3 }, Plan, Storm);
                var ends = (long[])[20, 20 + random.Next(1, 15), 40 + random.Next(1, 15)];
                foreach (var (last, end) in ends.Zip(ends.Skip(1)))
                {
                    // By hand while it goes on, and after a kill or its end by whoever starts it again, until the journal has it.
                    if (random.Next(2) == 0)
                    {
                        var at = random.NextInt64(last);
                        run.UntilEnded(logic => logic.TakenSteps >= at);
                        run.Give(new OperatorRequest(end, "ann", new ExtendRun(end)));
                        if (random.Next(2) == 0)
                            run.NextProcess();
                    }

                    run.UntilEnded(_ => JournalState.Of(run.Journal).Steps == end);
                    while (JournalState.Of(run.Journal).Steps < end)
                    {
                        run.NextProcess(Small with { Extension = (end, "ann") });
                        run.UntilEnded(_ => JournalState.Of(run.Journal).Steps == end || random.Next(200) == 0);
                    }
                }

                run.Run(400_000);
                Check(run, ends[^1], Extensions(run));
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"Seed {seed}: {exception.Message}", exception);
            }
        }
    }

    // One that was stopped after some steps, or finished.
    private static SimulatedRun Stopped(int seed, RunLogicOptions options, int step, Func<IRunInput>? late = null)
    {
        var run = new SimulatedRun(seed, options, Plan);
        run.Until(logic => logic.TakenSteps == step);
        if (step < options.Steps)
            run.Give(new StopRun("SIGTERM"));
        if (late is not null)
        {
            run.Until(_ => run.Journal is [.., RunFinished]);
            run.Give(late());
        }

        run.Run(400_000).Step.ShouldBe(step);
        return run;
    }

    private static void Extended(SimulatedRun run, RunLogicOptions options, long steps)
    {
        run.NextProcess(options with { Extension = (steps, "ann") });
        run.Run(400_000);
    }

    private static void Check(SimulatedRun run, long steps, params (long From, long Steps)[] extensions)
    {
        var schedule = extensions.Aggregate(Schedule, static (longer, extension) => longer.Extended(extension.From, extension.Steps));
        run.Outcome.ShouldBe(new RunEnded(RunEnding.Finished, steps, "All steps are done."));
        run.Disk.Checkpoints[steps].ShouldBe(Arithmetic.Undisturbed(Plan, steps, rate: schedule.At), "the weights");
        run.Steps.Select(static row => row.Step)
            .ShouldBe(Enumerable.Range(1, (int)steps).Select(static step => (long)step), "every step stands once in the metrics");
        var state = JournalState.Of(run.Journal);
        (state.Steps, state.Ending?.Step, state.Ending?.IsFinished).ShouldBe((steps, steps, true));
        Extensions(run).ShouldBe(extensions);
    }

    // In the order in which they count. What was decided just before a kill may land after the next process has decided: then two have one
    // number.
    private static (long From, long Steps)[] Extensions(SimulatedRun run) =>
    [
        .. run.Journal.OfType<RunExtended>().Select(static extended => extended.Intervention).OrderBy(static extension => extension.Number)
            .ThenBy(static extension => extension.From)
            .Select(static extension => (extension.From, extension.Steps!.Value)),
    ];
}

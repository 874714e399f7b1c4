using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Run;
using ActorTrain.Data.Plan;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>The step protocol under virtual time: whatever happens, the weights are those of an undisturbed run, and the run
/// ends.</summary>
public sealed class RunSimulationTests
{
    private static readonly RunLogicOptions Small = new()
    {
        ConfigurationHash = "hash",
        Schedule = Arithmetic.Constant(30),
        Lanes = 8,
        Trainers = 3,
        Reducers = 2,
        EvaluateEvery = 7,
        HasValidation = true,
        CheckpointEvery = 5,
        TrainerTimeout = TimeSpan.FromSeconds(10),
        RetryInterval = TimeSpan.FromSeconds(1),
    };

    private static readonly Weather Storm = new()
    {
        Drop = 0.03,
        Duplicate = 0.03,
        Delay = 0.05,
        Crash = 0.02,
        Hang = 0.003,
        OthersCrash = 0.02,
        Scale = 0.004,
        RunCrash = 0.001,
        SaveFails = 0.1,
        JournalAway = 0.05,
        StormInputs = 4000,
    };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(8)]
    [InlineData(11)]
    public void Any_number_of_trainers_ends_with_the_same_weights(int trainers)
    {
        var run = Simulate(seed: 1, Small with { Trainers = trainers }, null);
        run.Journal[^1].ShouldBeOfType<RunFinished>();
        run.Journal.OfType<TrainerLeft>().ShouldBeEmpty();
    }

    [Fact]
    public void No_storm_changes_the_weights()
    {
        for (var seed = 0; seed < 1000; seed++)
            Simulate(seed, Small with { Trainers = 1 + seed % 5, Reducers = 1 + seed % 3 }, Storm);
    }

    [Fact]
    public void Trainers_of_different_paces_change_no_bit_in_any_storm()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var options = Small with
            {
                Trainers = 2 + seed % 4,
                Audit = new AuditOptions { Every = seed % 6 },
                DividesOptimizer = seed % 3 == 1,
            };
            Simulate(seed, options, Storm with { SlowBy = [1, 1 + seed % 8, 1 + seed % 50] });
        }
    }

    [Fact]
    public void Processes_that_take_the_run_from_each_other_while_they_live_write_one_course()
    {
        var ended = 0;
        for (var seed = 0; seed < 300; seed++)
        {
            var run = Simulate(seed, Small with { Trainers = 1 + seed % 4 }, Storm with { TakenOver = 0.003 });
            ended += run.Superseded.Count(static stale => stale.Outcome is not null);
        }

        ended.ShouldBeGreaterThan(100);
    }

    /// <summary>Fewer places than trainers, too: the run begins, and goes on, with those that have one.</summary>
    [Theory]
    [InlineData(3, 3)]
    [InlineData(4, 1)]
    [InlineData(5, 3)]
    public void Nodes_that_come_and_go_change_no_bit(int trainers, int places)
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var options = Small with { Trainers = trainers, Audit = new AuditOptions { Every = seed % 6 } };
            Simulate(seed, options, Storm with { Places = places, NodeLost = 0.02 });
        }
    }

    [Fact]
    public void A_process_that_dies_is_followed_by_one_that_resumes_from_the_states_of_nodes_and_writes_each_step_once()
    {
        var (takeovers, saved) = (0, 0L);
        for (var seed = 0; seed < 300; seed++)
        {
            var options = Small with
            {
                Trainers = 1 + seed % 4,
                TrainersRetainStates = true,
                CheckpointEvery = seed % 3 == 0 ? 0 : 12,
                Audit = new AuditOptions { Every = seed % 6 },
            };
            var run = Simulate(seed, options, Storm with { Places = 4, NodeLost = 0.005, ProcessDeath = 0.003 });
            takeovers += run.Takeovers.Count;
            saved += run.Takeovers.Sum(static one => one.Step - one.OnDisk);
        }

        takeovers.ShouldBeGreaterThan(300);
        saved.ShouldBeGreaterThan(5 * takeovers);
    }

    [Fact]
    public void A_process_that_is_killed_in_the_midst_of_a_step_costs_no_step_that_a_node_has()
    {
        var options = Small with { TrainersRetainStates = true, CheckpointEvery = 0 };
        for (var step = 1; step < options.Steps; step++)
        {
            var run = new SimulatedRun(step, options, new BatchPlan(1, 10_000, 16, 8), new Weather { Places = 3 });
            run.Until(logic => logic.TakenSteps == step);
            run.UntilHalfOfTheLanesAreDone();
            for (var i = 0; i < 20; i++)
                run.KillProcess();
            if (run.Takeovers.Count > 0)
                run.Takeovers.ShouldAllBe(one => one.Step >= step - 1);
            run.Run(400_000).Ending.ShouldBe(RunEnding.Finished);
            run.Disk.Checkpoints[options.Steps].ShouldBe(Arithmetic.Undisturbed(run.World.Plan, options.Steps));
        }
    }

    [Fact]
    public void A_run_whose_nodes_are_all_gone_stops_with_the_newest_state_that_it_holds()
    {
        var plan = new BatchPlan(1, 10_000, 16, 8);
        var run = new SimulatedRun(1, Small, plan, new Weather { Places = 2, NodeLost = 0.02, NodesStayAway = true });
        run.Until(static logic => logic.TakenSteps > 0
            && logic.Status().Trainers.All(static trainer => trainer.Standing == TrainerStanding.Unplaced));
        run.Give(new StopRun("SIGTERM"));
        var outcome = run.Run(400_000);
        outcome.Ending.ShouldBe(RunEnding.Stopped);
        run.Disk.Checkpoints[outcome.Step].ShouldBe(Arithmetic.Undisturbed(plan, outcome.Step));
    }

    [Fact]
    public void Poisoned_batches_end_as_if_they_had_been_skipped_from_the_start()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            // Two batches of the run hold a sample whose gradient is no number.
            long[] poisoned = [5 * 16 + 3, 17 * 16 + 9];
            var plan = new BatchPlan(1, 10_000, 16, 8);
            var run = new SimulatedRun(seed, Small, plan, Storm, position => poisoned.Contains(position));
            run.Run(400_000).Ending.ShouldBe(RunEnding.Finished, $"seed {seed}");
            var skipped = SkipList.Of(poisoned.Select(static position => new SkippedRange(position / 16 * 16, 16, "poison")));
            run.Disk.Checkpoints[Small.Steps].ShouldBe(Arithmetic.Undisturbed(plan, Small.Steps, _ => skipped), $"seed {seed}");
        }
    }

    [Fact]
    public void Data_that_can_never_be_trained_on_ends_the_run_with_what_was_reached()
    {
        var plan = new BatchPlan(1, 10_000, 16, 8);
        var run = new SimulatedRun(1, Small, plan, poison: static position => position >= 12 * 16);
        var outcome = run.Run(400_000);
        outcome.Ending.ShouldBe(RunEnding.Failed);
        outcome.Report.ShouldContain("vetoed 10 times in a row");
        outcome.Step.ShouldBe(12);
        run.Disk.Checkpoints[12].ShouldBe(Arithmetic.Undisturbed(plan, 12));
    }

    [Fact]
    public void A_run_that_is_stopped_has_saved_the_step_under_way()
    {
        var plan = new BatchPlan(1, 10_000, 16, 8);
        var run = new SimulatedRun(1, Small, plan);
        run.Until(static logic => logic.TakenSteps == 13);
        run.Give(new StopRun("SIGTERM"));
        var outcome = run.Run(400_000);
        outcome.Ending.ShouldBe(RunEnding.Stopped);
        run.Disk.Checkpoints[outcome.Step].ShouldBe(Arithmetic.Undisturbed(plan, outcome.Step));
        run.Steps.Count.ShouldBe((int)outcome.Step);
        run.Journal[^1].ShouldBeOfType<RunStopped>().Reason.ShouldBe("SIGTERM");
    }

    [Fact]
    public void A_trainer_that_fails_too_often_ends_the_run_with_a_checkpoint_and_a_report()
    {
        var plan = new BatchPlan(1, 10_000, 16, 8);
        var run = new SimulatedRun(1, Small, plan);
        run.Until(static logic => logic.TakenSteps == 13);
        run.Give(new TrainerGivenUp(1, "trainer-1 failed 11 times in 10 minutes; see run.log."));
        var outcome = run.Run(400_000);
        outcome.ShouldBe(new RunEnded(RunEnding.Failed, 13, "trainer-1 failed 11 times in 10 minutes; see run.log."));
        run.Disk.Checkpoints[13].ShouldBe(Arithmetic.Undisturbed(plan, 13));
    }

    [Fact]
    public void A_database_that_stays_away_pauses_the_run_and_loses_no_decision()
    {
        var plan = new BatchPlan(1, 10_000, 16, 8);
        var options = Small with { JournalBuffer = 4, CheckpointEvery = 1 };
        var run = new SimulatedRun(1, options, plan, new Weather { JournalAway = 1, StormInputs = 2000 });
        run.Until(static logic => logic.Status().Phase == RunPhase.WaitingForDatabase);
        run.Journal.ShouldBeEmpty();
        run.Run(400_000).Ending.ShouldBe(RunEnding.Finished);
        run.Journal.OfType<CheckpointCommitted>().Select(static saved => saved.Step).ShouldBe(run.Disk.Checkpoints.Keys);
    }

    [Fact]
    public void People_are_told_once_that_the_database_is_away_that_training_waits_and_that_both_are_over()
    {
        var run = new SimulatedRun(1, Small with { JournalBuffer = 4, CheckpointEvery = 1 }, new BatchPlan(1, 10_000, 16, 8),
            new Weather { JournalAway = 1, StormInputs = 2000 });
        run.Until(static _ => true);
        run.Give(new JournalAway("It is locked."));
        var step = 0L;
        run.Until(logic => (step = logic.TakenSteps) >= 0 && logic.Status().Phase == RunPhase.WaitingForDatabase);
        for (var i = 0; i < 10; i++)
            run.Give(new Tick());
        run.Said.Count.ShouldBe(2);
        run.Said[0].ShouldName("database", "4 decisions", "It is locked.");
        run.Said[1].ShouldName($"step {step}", "4 decisions");
        run.Give(new JournalRecovered([]));
        run.Give(new JournalRecovered([]));
        run.Said.Skip(2).ShouldHaveSingleItem().ShouldName("database", "4 buffered decisions");
    }

    [Fact]
    public void A_thousand_trainers_with_random_failures_make_progress()
    {
        var options = Small with
        {
            Lanes = 1024,
            Trainers = 1000,
            Reducers = 8,
            Schedule = Arithmetic.Constant(6),
            CheckpointEvery = 2,
            EvaluateEvery = 3
        };
        Simulate(seed: 7, options, Storm with
        {
            Scale = 0,
            RunCrash = 0,
            Crash = 0.002,
            Hang = 0.0005,
            OthersCrash = 0.0002,
            StormInputs = 30_000
        }, limit: 300_000);
    }

    [Fact]
    public void A_run_simulated_twice_with_one_seed_says_the_same()
    {
        string Say()
        {
            var transcript = new StringWriter();
            Simulate(3, Small, Storm, transcript: transcript);
            return transcript.ToString();
        }

        Say().ShouldBe(Say());
    }

    private static SimulatedRun Simulate(int seed, RunLogicOptions options, Weather? weather, int limit = 400_000,
        TextWriter? transcript = null)
    {
        var plan = new BatchPlan(1, 10_000, options.Lanes * 2, options.Lanes);
        var run = new SimulatedRun(seed, options, plan, weather) { Transcript = transcript };
        try
        {
            var outcome = run.Run(limit);
            outcome.Ending.ShouldBe(RunEnding.Finished);
            outcome.Step.ShouldBe(options.Steps);
            if (run.CalmAt is { } calm)
                (run.Now - calm).ShouldBeLessThan(TimeSpan.FromMinutes(5), "the way from the last fault to the end");
            run.Disk.Checkpoints[options.Steps].ShouldBe(Arithmetic.Undisturbed(plan, options.Steps), "the weights");
            run.Steps.Select(static row => row.Step).ShouldBe(Range(1, options.Steps), "every step stands once in the metrics");
            foreach (var row in run.Steps)
                row.Positions.ShouldBe(plan.Samples(row.Step - 1, SkipList.Empty).Select(static sample => sample.Position),
                    "the samples of a step");
            var evaluated = Range(1, options.Steps).Where(step => step % options.EvaluateEvery == 0 || step == options.Steps);
            run.Evaluations.Select(static row => row.Step).Distinct().ShouldBe(evaluated, "the evaluations");
            run.Journal[^1].ShouldBeOfType<RunFinished>();
        }
        catch (Exception exception)
        {
            throw new InvalidOperationException($"Seed {seed}: {exception.Message}", exception);
        }

        return run;
    }

    private static IEnumerable<long> Range(long first, long last)
    {
        for (var i = first; i <= last; i++)
            yield return i;
    }
}

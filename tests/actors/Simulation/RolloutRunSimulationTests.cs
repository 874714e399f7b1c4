using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Run;
using ActorTrain.Actors.Tests.PostTraining;
using ActorTrain.Data.Plan;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Goodput;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>Runs that learn from rollouts of their own weights, under virtual time.</summary>
public sealed class RolloutRunSimulationTests
{
    private static readonly BatchPlan Plan = new(1, 10_000, 8, 4);

    private static readonly RunLogicOptions Options = new()
    {
        ConfigurationHash = "hash",
        Schedule = Arithmetic.Constant(14),
        Rollouts = new(0, 1),
        Lanes = 4,
        Trainers = 2,
        CheckpointEvery = 3,
        TrainerTimeout = TimeSpan.FromSeconds(10),
        RetryInterval = TimeSpan.FromSeconds(1),
        Ladder = new() { Margin = 2, RollBack = new(10, 1000, 0) },
    };

    private static readonly Weather Storm = new()
    {
        Drop = 0.02,
        Duplicate = 0.02,
        Delay = 0.03,
        Crash = 0.01,
        Hang = 0.002,
        OthersCrash = 0.01,
        RunCrash = 0.002,
        ProcessDeath = 0.001,
        SaveFails = 0.1,
        SnapshotRots = 0.03,
        WorkerCrash = 0.02,
        WorkerHang = 0.003,
        WorkerSlow = 0.02,
        LedgerFails = 0.1,
        StormInputs = 3000,
    };

    [Fact]
    public void A_run_without_faults_trains_each_step_on_what_its_weights_sampled()
    {
        var run = Simulate(1, Options, Weather.Calm);
        run.Steps.ShouldAllBe(static row => row.Rollouts != null && row.Rollouts.Rollouts == 8 * SimulatedPolicy.Samples);
        run.Steps.Select(static row => row.Rollouts).Distinct().Count().ShouldBe(14);
        run.Turns.ShouldContain(static turn => turn.Activity == GoodputActivity.Generating);
        run.Journal.OfType<RunRolledBack>().ShouldBeEmpty();
        run.Journal.OfType<ActorRestarted>().ShouldBeEmpty();

        // Nothing is asked for twice.
        run.World.Ledger.Keys.ShouldBe(Enumerable.Range(0, 14).Select(static step => (long)step));
    }

    // The batch that led to the rollback was computed once more on the weights of another step, whose rollouts it has not.
    [Fact]
    public void A_rollback_asks_for_rollouts_of_the_weights_that_it_returns_to_and_trains_on_no_others()
    {
        var run = Simulate(1, Options, Weather.Calm, drift: static position => position / 8 == 6);
        run.Journal.OfType<RunRolledBack>().ShouldHaveSingleItem();
        run.Journal.OfType<CourseCorrected>().ShouldHaveSingleItem();
        run.World.StaleTrainers.ShouldBe(0);
        run.Journal.OfType<TrainerLeft>().ShouldBeEmpty();
    }

    // TRL#3247, TRL#3148: a resume within a generation sampled anew with newer weights.
    [Fact]
    public void A_vetoed_batch_is_replaced_by_rollouts_of_the_next_prompts_by_the_same_weights()
    {
        var run = Simulate(1, Options, Weather.Calm, poison: static position => position == 35);
        run.Journal.OfType<BatchVetoed>().ShouldHaveSingleItem().Step.ShouldBe(4);
        run.World.StaleTrainers.ShouldBe(0);
        run.Steps[4].Positions.ShouldNotContain(35);
    }

    // The figures of a step's rollouts were missing where a skip of later prompts became known in its midst.
    [Theory]
    [InlineData(0, 1)]
    [InlineData(2, 4)]
    public void An_operators_skip_in_the_midst_of_a_step_leaves_its_rollouts_as_they_are(int lag, int window)
    {
        var options = Options with { Rollouts = new(lag, window), SnapshotSlots = 3 + lag };
        var run = new SimulatedRun(1, options, Plan, Weather.Calm);
        run.Until(static logic => logic.TakenSteps == 5);
        run.UntilHalfOfTheLanesAreDone();
        run.Give(new OperatorRequest(1, "ann", new SkipBatches(1)));
        run.Run(100_000).Ending.ShouldBe(RunEnding.Finished);
        run.Steps[5].Rollouts.ShouldNotBeNull();
        run.Steps[6].Positions.Min().ShouldBe(7 * 8);
        SimulatedSchedule.Check(run, options, Plan);
    }

    // AReaL#1345 with a lag: nothing that a restart forgets decides which weights sample.
    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 4)]
    [InlineData(3, 5)]
    public void With_a_lag_storms_and_spikes_change_no_bit_either(int lag, int window)
    {
        for (var seed = 0; seed < 10; seed++)
        {
            var run = Simulate(
                seed, Options with { Rollouts = new(lag, window), Trainers = 1 + seed % 3 }, seed == 0 ? Weather.Calm : Storm,
                drift: position => seed % 2 == 1 && position / 8 is 5 or 10, poison: position => seed % 3 == 1 && position == 26);
            if (seed == 0)
                run.Journal.OfType<RunRolledBack>().ShouldBeEmpty();
        }
    }

    // TRL#3247, #3148: a resume within a generation that several updates share.
    [Theory]
    [InlineData(2, 4)]
    [InlineData(3, 6)]
    public void Epochs_train_on_each_batch_again_whatever_happens_in_the_window(int epochs, int window)
    {
        var schedule = new RolloutSchedule(0, window, epochs);
        var plan = new BatchPlan(1, 10_000, 8, 4, schedule);
        for (var seed = 0; seed < 10; seed++)
        {
            var run = Simulate(
                seed, Options with { Rollouts = schedule, Trainers = 1 + seed % 3 }, seed == 0 ? Weather.Calm : Storm,
                drift: position => seed % 2 == 1 && position / 8 is 2 or 5, poison: position => seed % 3 == 1 && position == 18, plan: plan);
            if (seed == 0)
                run.Steps.GroupBy(static row => row.Positions.Min()).ShouldAllBe(batch => batch.Count() <= epochs);
        }
    }

    // A10, A11: other numbers of workers, and a ledger that is gone; OpenRLHF#1322, AReaL#1345: what was under way at a restart.
    [Fact]
    public void Other_processes_with_other_workers_and_without_the_ledger_end_with_the_same_weights()
    {
        for (var seed = 0; seed < 8; seed++)
        {
            var run = new SimulatedRun(seed, Options, Plan, Weather.Calm);
            foreach (var (workers, step) in new[] { (1, 3), (4, 7), (2, 11) })
            {
                var policy = run.World.Policy.Options;
                run.World.Policy = new SimulatedPolicy(Plan)
                {
                    Options = policy with { Rollouts = policy.Rollouts with { Workers = workers, Slots = workers } },
                };
                var waits = seed % 4;
                run.Until(logic => logic.TakenSteps >= step && waits-- == 0);
                if (seed % 2 == 0)
                    run.World.Ledger.Clear();
                run.NextProcess();
            }

            run.Run(100_000).Ending.ShouldBe(RunEnding.Finished);
            SimulatedSchedule.Check(run, Options, Plan);
        }
    }

    // A6, A7: off-policy runs, with kills in the midst of windows, where the rollouts of the next steps are those of weights that are gone.
    [Theory]
    [InlineData(1, 2)]
    [InlineData(1, 5)]
    [InlineData(2, 3)]
    [InlineData(2, 4)]
    [InlineData(3, 8)]
    public void A_run_whose_samplers_lag_behind_ends_with_the_same_weights_whenever_it_is_killed(int lag, int window)
    {
        var options = Options with { Rollouts = new(lag, window), SnapshotSlots = 3 + lag };
        var calm = Simulate(1, options, Weather.Calm);
        calm.World.StaleTrainers.ShouldBe(0);
        calm.Journal.OfType<RunRolledBack>().ShouldBeEmpty();
        for (var seed = 0; seed < 12; seed++)
        {
            var run = new SimulatedRun(seed, options, Plan, Weather.Calm);
            foreach (var step in new[] { 1, 4, 6, 7, 11 })
            {
                var waits = (seed + step) % 4;
                run.Until(logic => logic.TakenSteps >= step && waits-- == 0);
                if (seed % 3 == 0)
                    run.World.Ledger.Clear();
                run.NextProcess();
            }

            run.Run(100_000).Ending.ShouldBe(RunEnding.Finished, $"seed {seed}");
            SimulatedSchedule.Check(run, options, Plan);
        }
    }

    // A stop had saved a state that no process could go on from, in the place of one that it could.
    [Theory]
    [InlineData(2, 4, 1)]
    [InlineData(1, 6, 1)]
    [InlineData(0, 6, 2)]
    public void A_stop_in_the_midst_of_a_window_saves_the_state_at_its_beginning(int lag, int window, int epochs)
    {
        var schedule = new RolloutSchedule(lag, window, epochs);
        var plan = new BatchPlan(1, 10_000, 8, 4, schedule);
        var options = Options with { Rollouts = schedule, SnapshotSlots = 4 + lag, CheckpointEvery = 1000 };
        for (var seed = 0; seed < 12; seed++)
        {
            var run = new SimulatedRun(seed, options, plan, Weather.Calm);
            foreach (var step in new[] { 3, 8, 11 })
            {
                var waits = seed % 4;
                run.Until(logic => logic.TakenSteps >= step && waits-- == 0);
                run.Give(new StopRun("SIGTERM"));
                var stopped = run.Run(100_000);
                stopped.Ending.ShouldBe(RunEnding.Stopped);
                var reached = run.Steps.Count;
                stopped.Step.ShouldBe(schedule.RestartBefore(reached), $"seed {seed}, stopped at step {reached}");
                run.NextProcess();
            }

            run.Run(100_000).Ending.ShouldBe(RunEnding.Finished, $"seed {seed}");
            run.Journal.OfType<RunRolledBack>().ShouldBeEmpty();
            SimulatedSchedule.Check(run, options, plan);
        }
    }

    // It had gone back to its seed.
    [Fact]
    public void A_run_that_ended_within_a_window_is_extended_from_the_windows_beginning()
    {
        var options = Options with { Rollouts = new(2, 4), SnapshotSlots = 6, CheckpointEvery = 1000 };
        var run = new SimulatedRun(1, options, Plan, Weather.Calm);
        run.Run(100_000).Step.ShouldBe(14);
        run.NextProcess(options with { Extension = (18, "ann") });
        run.Run(100_000).Ending.ShouldBe(RunEnding.Finished);
        run.Steps.Count.ShouldBe(18);
        run.Journal.OfType<RunRolledBack>().ShouldHaveSingleItem().Step.ShouldBe(12);
    }

    // A transient error of a sampler that no audit looks at: those who train on it have its weights, and find it.
    [Fact]
    public void Rollouts_that_trainers_find_wrong_are_sampled_again()
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var run = Simulate(
                seed, Options with { Trainers = 1 + seed % 3 }, Weather.Calm with { Misreport = 0.02, StormInputs = 400 });
            run.Journal.OfType<CorruptionFound>().ShouldNotBeEmpty($"seed {seed}");
        }
    }

    [Fact]
    public void Storms_with_spikes_end_with_the_weights_of_a_run_that_left_them_out_from_the_start()
    {
        for (var seed = 0; seed < 40; seed++)
        {
            Simulate(
                seed, Options with { Trainers = 1 + seed % 3, Audit = new() { Every = seed % 3, QuarantineLimit = 1000 } }, Storm,
                drift: static position => position / 8 is 5 or 10, poison: static position => position == 26);
        }
    }

    private static SimulatedRun Simulate(
        int seed, RunLogicOptions options, Weather weather, Func<long, bool>? drift = null, Func<long, bool>? poison = null,
        BatchPlan? plan = null)
    {
        var run = new SimulatedRun(seed, options, plan ?? Plan, weather, poison, drift);
        try
        {
            run.Run(400_000).Ending.ShouldBe(RunEnding.Finished);
            SimulatedSchedule.Check(run, options, plan ?? Plan);
        }
        catch (Exception exception)
        {
            throw new InvalidOperationException($"Seed {seed}: {exception.Message}", exception);
        }

        return run;
    }
}

using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Run;
using ActorTrain.Actors.Tests.PostTraining;
using ActorTrain.Data.Plan;
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

    // NeMo-RL#3599: a count of samples was taken for a position, so that after failures some prompts were trained on twice and others
    // never; OpenRLHF#1103: the loader's state was saved and not loaded; A8.
    [Fact]
    public void Whatever_is_vetoed_and_wherever_a_process_dies_each_prompt_is_trained_on_once_or_skipped()
    {
        for (var seed = 0; seed < 8; seed++)
        {
            var run = new SimulatedRun(
                seed, Options, Plan, Weather.Calm, poison: static position => position is 26 or 41,
                drift: static position => position / 8 == 9);
            foreach (var step in new[] { 2, 3, 4, 6, 10, 11 })
            {
                var waits = (seed * 5) % 23;
                run.Until(logic => logic.TakenSteps >= step && waits-- <= 0);
                run.NextProcess();
            }

            run.Run(200_000).Ending.ShouldBe(RunEnding.Finished);
            var trained = run.Steps.SelectMany(static row => row.Positions).ToList();
            var skipped = JournalState.Of(run.Journal).Skips.Ranges
                .SelectMany(static range => Enumerable.Range((int)range.First, (int)range.Count)).Select(static position => (long)position).ToList();
            skipped.ShouldContain(26);
            skipped.ShouldContain(41);
            skipped.ShouldContain(72);
            trained.Count.ShouldBe(14 * 8);
            trained.Concat(skipped).Order().Take(trained.Count)
                .ShouldBe(Enumerable.Range(0, trained.Count).Select(static at => (long)at), $"seed {seed}");
        }
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
        int seed, RunLogicOptions options, Weather weather, Func<long, bool>? drift = null, Func<long, bool>? poison = null)
    {
        var run = new SimulatedRun(seed, options, Plan, weather, poison, drift);
        try
        {
            run.Run(400_000).Ending.ShouldBe(RunEnding.Finished);
            SimulatedSchedule.Check(run, options, Plan);
        }
        catch (Exception exception)
        {
            throw new InvalidOperationException($"Seed {seed}: {exception.Message}", exception);
        }

        return run;
    }
}

using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Run;
using ActorTrain.Actors.Spikes;
using ActorTrain.Data.Plan;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>Spikes, faulty replicas and operators under virtual time: a run ends with the bits of one that knew all its interventions from the
/// start.</summary>
public sealed class SpikeSimulationTests
{
    private static readonly BatchPlan Plan = new(1, 10_000, 16, 8);

    private static readonly RunLogicOptions Options = new()
    {
        ConfigurationHash = "hash",
        Schedule = Arithmetic.Constant(40),
        Lanes = 8,
        Trainers = 3,
        Reducers = 2,
        EvaluateEvery = 9,
        HasValidation = true,
        CheckpointEvery = 6,
        TrainerTimeout = TimeSpan.FromSeconds(10),
        RetryInterval = TimeSpan.FromSeconds(1),
        Audit = new() { Every = 0, CorruptionLimit = 3, QuarantineLimit = 1000 },
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
        RunCrash = 0.001,
        SaveFails = 0.1,
        JournalAway = 0.03,
        StormInputs = 5000,
    };

    // In lane 5 of step 24: so bad that its lane shows it, and so mild that the loss of the whole batch does not.
    private const long BadSample = (24 * 16) + 10;

    private static readonly IEnumerable<long> Batch24 = [.. Enumerable.Range(24 * 16, 16).Select(static position => (long)position)];

    [Fact]
    public void A_spike_that_shows_late_is_left_out_from_its_onset_on()
    {
        var run = Simulate(1, Options, Weather.Calm, drift: static position => position / 16 == 12);
        var intervention = run.Journal.OfType<CourseCorrected>().ShouldHaveSingleItem().Intervention;
        intervention.From.ShouldBe(10);
        intervention.Skipped.ShouldHaveSingleItem()
            .ShouldSatisfyAllConditions(range => range.First.ShouldBe(160), range => range.Count.ShouldBe(7 * 16));
        run.Journal.OfType<RunRolledBack>().ShouldHaveSingleItem().Step.ShouldBe(6);
        run.Journal.OfType<StepReplayed>().ShouldHaveSingleItem().Agreed.ShouldBeTrue();
        run.Journal.OfType<SpikeExplained>().ShouldHaveSingleItem();
    }

    [Fact]
    public void A_sample_that_shows_in_its_lane_alone_is_found_by_who_looks_at_lanes()
    {
        var run = Watch(1, Options, Weather.Calm, SpikeSignal.Loss, SpikeSignal.LaneLoss);
        var judged = run.Journal.OfType<SpikeJudged>().ShouldHaveSingleItem();
        (judged.Step, judged.Rule, judged.Signal, judged.Rung).ShouldBe((24, MeanSigmaRule.Id, "largest lane loss", Rung.Veto));
        judged.Evidence.ShouldStartWith("the largest lane loss of step 24 (lane 5) is ");
        LeftOut(run).ShouldBe(Batch24);

        var blind = Watch(1, Options, Weather.Calm, SpikeSignal.Loss);
        blind.Journal.OfType<SpikeJudged>().ShouldBeEmpty();
        blind.Steps.SelectMany(static row => row.Positions).ShouldContain(BadSample);
    }

    [Fact]
    public void Whatever_happens_to_a_run_that_looks_at_lanes_it_leaves_out_the_same_batch()
    {
        for (var seed = 0; seed < 60; seed++)
            LeftOut(Watch(seed, Options with { Trainers = 1 + seed % 4 }, Storm, SpikeSignal.Loss, SpikeSignal.LaneLoss))
                .ShouldBe(Batch24, $"seed {seed}");
    }

    [Fact]
    public void A_batch_that_shows_in_its_update_alone_is_found_by_who_looks_at_updates_before_it_is_applied()
    {
        var run = WatchUpdates(1, Options, Weather.Calm);
        var judged = run.Journal.OfType<SpikeJudged>().ShouldHaveSingleItem();
        (judged.Step, judged.Rule, judged.Signal, judged.Rung).ShouldBe((24, MeanSigmaRule.Id, "update norm", Rung.Veto));
        judged.Evidence.ShouldStartWith("the update norm of step 24 is ");
        run.Journal.OfType<StepReplayed>().ShouldHaveSingleItem()
            .Evidence.ShouldMatch("norm of the update: trainer-.* and trainer-.* got 9");
        LeftOut(run).ShouldBe(Batch24);
        run.Steps.ShouldAllBe(static row => row.UpdateNorm < 2);
    }

    [Fact]
    public void Whatever_happens_to_a_run_that_looks_at_updates_it_leaves_out_the_same_batch()
    {
        for (var seed = 0; seed < 60; seed++)
            LeftOut(WatchUpdates(seed, Options with { Trainers = 1 + seed % 4, Audit = Options.Audit with { Every = seed % 3 } }, Storm))
                .ShouldBe(Batch24, $"seed {seed}");
    }

    [Fact]
    public void A_trainer_that_lies_of_updates_is_found_and_its_word_leaves_no_batch_out()
    {
        var quarantined = 0;
        for (var seed = 0; seed < 100; seed++)
        {
            var run = WatchUpdates(seed, Options with { Trainers = 3 + seed % 3, Audit = Options.Audit with { Every = 1 + seed % 3 } },
                Weather.Calm with { WrongBits = 0.003, StormInputs = 500 });
            LeftOut(run).ShouldBe(Batch24, $"seed {seed}");
            quarantined += run.Journal.OfType<TrainerQuarantined>().Count();
        }

        quarantined.ShouldBeGreaterThan(100);
    }

    [Fact]
    public void Storms_with_late_spikes_end_with_the_bits_of_a_run_that_left_them_out_from_the_start()
    {
        for (var seed = 0; seed < 150; seed++)
            Simulate(seed, Options with { Trainers = 1 + seed % 4 }, Storm, drift: static position => position / 16 is 12 or 27);
    }

    [Fact]
    public void A_trainer_that_lies_is_found_and_what_it_spoilt_is_taken_again()
    {
        var quarantined = 0;
        for (var seed = 0; seed < 150; seed++)
        {
            var run = Simulate(seed, Options with { Trainers = 3 + seed % 3, Audit = Options.Audit with { Every = 1 + seed % 3 } },
                Weather.Calm with { WrongBits = 0.003, StormInputs = 500 });
            quarantined += run.Journal.OfType<TrainerQuarantined>().Count();
        }

        quarantined.ShouldBeGreaterThan(150);
    }

    [Fact]
    public void A_rollback_because_of_one_faulty_replica_proves_nothing_of_another()
    {
        for (var seed = 0; seed < 150; seed++)
            Simulate(seed, Options with { Trainers = 5 + seed % 2, Audit = Options.Audit with { Every = 2 + seed % 3 } },
                Weather.Calm with { WrongBits = 0.006, StormInputs = 800 });
    }

    [Fact]
    public void Machines_that_lie_are_found_whatever_lives_come_and_go_on_them()
    {
        for (var seed = 0; seed < 150; seed++)
            Simulate(seed, Options with { Trainers = 5 + seed % 2, Audit = Options.Audit with { Every = 1 + seed % 3 } },
                Weather.Calm with { WrongBits = 0.002, WrongBitsStay = true, Crash = 0.01, RunCrash = 0.002, StormInputs = 800 });
    }

    [Fact]
    public void Updates_that_are_applied_wrong_never_reach_the_weights()
    {
        // One that is alone has nobody to be compared with, so nobody else dies here.
        for (var seed = 0; seed < 150; seed++)
            Simulate(seed, Options with { Trainers = 3 + seed % 3 }, Weather.Calm with { Misapply = 0.001, StormInputs = 1000 });
    }

    [Fact]
    public void Whatever_operators_do_the_run_ends_with_the_bits_of_one_that_was_told_from_the_start()
    {
        for (var seed = 0; seed < 200; seed++)
            Simulate(seed, Options with { Trainers = 1 + seed % 4, Audit = Options.Audit with { Every = seed % 5 } },
                Storm with { Operator = 0.003, Corrupt = 0.001 }, drift: static position => position / 16 is 21);
    }

    private static IEnumerable<long> LeftOut(SimulatedRun run) =>
        JournalState.Of(run.Journal)
            .Skips.Ranges.SelectMany(static range => Enumerable.Range(0, (int)range.Count).Select(i => range.First + i));

    private static SimulatedRun Watch(int seed, RunLogicOptions options, Weather weather, params SpikeSignal[] signals)
    {
        var rule = new MeanSigmaOptions { Window = 24, Warmup = 12, Signals = new WatchedSignals(signals) };
        return Finish(seed, options, new SimulatedRun(seed, options, Plan, weather)
        {
            Detection = new SpikeOptions { Rules = [MeanSigmaRule.Id], MeanSigma = rule }.Detection(),
            LossOf = static positions => positions.Sum(LossAt) / positions.Count,
        });
    }

    private static SimulatedRun WatchUpdates(int seed, RunLogicOptions options, Weather weather)
    {
        var watching = options with { PreviewsUpdates = true };
        return Finish(seed, watching, new SimulatedRun(seed, watching, Plan, weather)
        {
            Detection = new SpikeOptions
            {
                Rules = [MeanSigmaRule.Id],
                MeanSigma = new() { Window = 24, Warmup = 12, Signals = new WatchedSignals(SpikeSignal.UpdateNorm) }
            }.Detection(),
            UpdateOf = static positions => positions.Contains(BadSample) ? 9 : positions.Max(LossAt),
        });
    }

    // Each is up to a tenth off, by what adds up without rounding.
    private static double LossAt(long position) =>
        1 + ((new Random((int)position).Next(205) - 102) / 1024.0) + (position == BadSample ? 0.75 : 0);

    private static SimulatedRun Simulate(int seed, RunLogicOptions options, Weather weather, Func<long, bool>? drift = null) =>
        Finish(seed, options, new SimulatedRun(seed, options, Plan, weather, drift: drift));

    private static SimulatedRun Finish(int seed, RunLogicOptions options, SimulatedRun run)
    {
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

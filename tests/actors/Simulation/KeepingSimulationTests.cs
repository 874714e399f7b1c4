using ActorTrain.Actors.Checkpoints;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Run;
using ActorTrain.Data.Plan;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>Snapshots, checkpoints and the way back under virtual time.</summary>
public sealed class KeepingSimulationTests
{
    private static readonly BatchPlan Plan = new(1, 10_000, 16, 8);

    private static readonly RunLogicOptions Small = new()
    {
        ConfigurationHash = "hash",
        Schedule = Arithmetic.Constant(30),
        Lanes = 8,
        Trainers = 3,
        Reducers = 2,
        CheckpointEvery = 5,
        SnapshotEvery = 2,
        SnapshotSlots = 5,
        ProofSteps = 6,
        Audit = new() { Every = 0, QuarantineLimit = 1000 },
        TrainerTimeout = TimeSpan.FromSeconds(10),
        RetryInterval = TimeSpan.FromSeconds(1),
        SaveRetry = TimeSpan.FromSeconds(2),
    };

    private static readonly Weather Storm = new()
    {
        Drop = 0.02,
        Duplicate = 0.03,
        Delay = 0.05,
        Crash = 0.01,
        Hang = 0.002,
        OthersCrash = 0.02,
        RunCrash = 0.001,
        ProcessDeath = 0.001,
        SaveFails = 0.2,
        SnapshotRots = 0.05,
        JournalAway = 0.05,
        Operator = 0.004,
        StormInputs = 4000,
    };

    [Theory]
    [InlineData(0, false)]
    [InlineData(10, true)]
    public void A_slow_disk_leaves_checkpoints_out_but_none_that_is_kept_for_good(long keepEvery, bool areKept)
    {
        var kept = true;
        for (var seed = 0; seed < 20; seed++)
        {
            var options = Small with { Schedule = Arithmetic.Constant(60), CheckpointEvery = 2, KeepEvery = keepEvery, SnapshotSlots = 4 };
            var run = new SimulatedRun(seed, options, Plan) { SaveTime = TimeSpan.FromSeconds(1) };
            run.Run(100_000).Ending.ShouldBe(RunEnding.Finished);
            run.Disk.Checkpoints.Keys.ShouldContain(60);
            run.Disk.Checkpoints.Count.ShouldBeLessThan(20, "the disk was slow");
            run.Said.Count(static said => said.Contains("checkpoints are due faster", StringComparison.Ordinal)).ShouldBe(1);
            kept &= Enumerable.Range(1, 5).All(round => run.Disk.Checkpoints.ContainsKey(10 * round));
        }

        kept.ShouldBe(areKept);
    }

    [Fact]
    public void The_end_of_a_run_does_not_take_the_place_of_a_checkpoint_that_is_kept_for_good()
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var options = Small with { Schedule = Arithmetic.Constant(60), CheckpointEvery = 2, KeepEvery = 50, SnapshotSlots = 4 };
            var run = new SimulatedRun(seed, options, Plan) { SaveTime = TimeSpan.FromMinutes(1) };
            run.Run(100_000).Ending.ShouldBe(RunEnding.Finished);
            run.Disk.Checkpoints.Keys.Order().ShouldBe([2, 50, 60]);
        }
    }

    [Fact]
    public void Failing_disks_deaths_and_operators_who_send_it_back_end_with_the_weights_of_a_run_that_had_the_corrections_from_the_start()
    {
        var (back, died, proved, late) = (0, 0, 0, 0);
        for (var seed = 0; seed < 300; seed++)
        {
            var options = Small with
            {
                Trainers = 1 + (seed % 4),
                Audit = Small.Audit with { Every = seed % 3 },
                SaveInterval = seed % 2 == 0 ? null : new SaveIntervalOptions { Least = 3, Most = 9 }
            };
            var run = new SimulatedRun(seed, options, Plan, Storm);
            try
            {
                run.Run(400_000).Ending.ShouldBe(RunEnding.Finished);
                var interventions = run.Journal.OfType<CourseCorrected>().Select(static corrected => corrected.Intervention).ToList();
                var skips = SkipList.Empty.Joined(interventions.SelectMany(static intervention => intervention.Skipped));
                run.Disk.Checkpoints[options.Steps].ShouldBe(Arithmetic.Undisturbed(
                    Plan, options.Steps, _ => skips, step => interventions.Where(intervention => intervention.From <= step)
                        .Aggregate(1.0, static (factor, intervention) => factor * intervention.RateFactor)));
                run.Steps.Select(static row => row.Step)
                    .ShouldBe(Enumerable.Range(1, (int)options.Steps).Select(static step => (long)step));
                foreach (var row in run.Steps)
                    row.Positions.ShouldBe(Plan.Samples(row.Step - 1, skips).Select(static sample => sample.Position));
                foreach (var good in run.Journal.OfType<CheckpointProved>())
                    good.ProvedAt.ShouldBeGreaterThanOrEqualTo(good.Step + options.ProofSteps);
                if (run.CalmAt is { } calm)
                    (run.Now - calm).ShouldBeLessThan(TimeSpan.FromMinutes(5));
                back += run.Journal.OfType<RunRolledBack>().Count();
                died += run.Journal.OfType<RunResumed>().Count();
                proved += run.Journal.OfType<CheckpointProved>().Count();
                late += run.LateDecisions;
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"Seed {seed}: {exception.Message}", exception);
            }
        }

        // The storm was one.
        (back > 100 && died > 50 && proved > 100).ShouldBeTrue($"{back} ways back, {died} deaths, {proved} good checkpoints");

        // The database refuses what a process that is dead had sent before another took the run.
        late.ShouldBe(0);
    }

    [Fact]
    public void Going_back_is_made_from_memory_and_what_the_run_goes_back_to_is_saved()
    {
        var run = new SimulatedRun(1, Small with { CheckpointEvery = 0 }, Plan);
        run.Until(static logic => logic.TakenSteps == 15);
        run.Give(new OperatorRequest(1, "somebody", new RollBackRun(13, 2)));
        run.Run(100_000).Ending.ShouldBe(RunEnding.Finished);
        var back = run.Journal.OfType<RunRolledBack>().ShouldHaveSingleItem();
        (back.From, back.Step).ShouldBe((StateKind.Snapshot, 12));
        run.Journal.OfType<CheckpointCommitted>().Select(static saved => saved.Step).ShouldBe([12, 30]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void The_answer_to_a_rollback_names_skipped_batches_only_where_there_are_any(int skip)
    {
        var run = new SimulatedRun(1, Small, Plan);
        run.Until(static logic => logic.TakenSteps == 9);
        run.Give(new OperatorRequest(1, "somebody", new RollBackRun(8, skip)));
        run.Run(100_000);
        var sentence = run.Answers.ShouldHaveSingleItem().Sentence;
        sentence.ShouldName("step 8");
        sentence.Contains($"{skip} batches", StringComparison.Ordinal).ShouldBe(skip > 0);
    }

    [Fact]
    public void What_was_left_by_going_back_is_gone_from_disk_and_replaced()
    {
        var run = new SimulatedRun(1, Small, Plan);
        run.Until(static logic => logic.TakenSteps == 17);
        run.Until(logic => run.Disk.Checkpoints.ContainsKey(15));
        var left = run.Disk.Checkpoints[15];
        run.Give(new OperatorRequest(1, "somebody", new RollBackRun(8, 3)));
        run.Until(logic => run.Disk.Checkpoints.ContainsKey(8));
        run.Disk.Checkpoints.Keys.ShouldBe([5, 8]);
        run.Run(100_000).Ending.ShouldBe(RunEnding.Finished);
        run.Disk.Checkpoints[15].ShouldNotBe(left);
    }

    [Fact]
    public void A_disk_that_refuses_is_told_of_once_and_asked_again_at_a_time()
    {
        var options = Small with { Schedule = Arithmetic.Constant(99), CheckpointEvery = 50, SaveRetry = TimeSpan.FromSeconds(1) };
        var run = new SimulatedRun(1, options, Plan);
        run.Disk.Refuses = true;
        run.Until(static logic => logic.TakenSteps == 59);
        run.Disk.Refuses = false;
        run.Run(100_000).Ending.ShouldBe(RunEnding.Finished);
        run.Journal.OfType<CheckpointLost>().ShouldHaveSingleItem();
        run.Said.Where(static sentence => sentence.Contains("The disk is full.", StringComparison.Ordinal)).ShouldHaveSingleItem()
            .ShouldContain("retrying in 1 s");
        run.Said.ShouldContain(
            static sentence => sentence.StartsWith("checkpoints can be written again: saved step ", StringComparison.Ordinal));
        run.Journal.OfType<CheckpointCommitted>().First().Step.ShouldBeInRange(59, 98, "it did not wait for the next interval");
    }

    [Fact]
    public void A_checkpoint_is_good_when_training_stayed_healthy_and_every_trainer_was_proved_right()
    {
        var run = new SimulatedRun(1, Small, Plan);
        run.Run(100_000);
        run.Journal.OfType<CheckpointProved>().Select(static good => (good.Step, good.ProvedAt))
            .ShouldBe([(5, 11), (10, 16), (15, 21), (20, 26)]);

        // One trainer of three is audited every other step, so the last of them is proved right only later.
        var audited = new SimulatedRun(1, Small with { Audit = Small.Audit with { Every = 4 } }, Plan);
        audited.Run(100_000);
        audited.Journal.OfType<CheckpointProved>().First()
            .ShouldSatisfyAllConditions(good => good.Step.ShouldBe(5), good => good.ProvedAt.ShouldBeGreaterThan(11));
    }

    [Fact]
    public void Time_too_lets_a_checkpoint_be_written()
    {
        var run = new SimulatedRun(1,
            Small with { CheckpointEvery = 0, CheckpointPeriod = TimeSpan.FromSeconds(1), Schedule = Arithmetic.Constant(60) }, Plan);
        run.Run(100_000);
        var saved = run.Journal.OfType<CheckpointCommitted>().ToList();
        saved.Count.ShouldBeGreaterThan(3);
        saved.SkipLast(1).Zip(saved.Skip(1)).SkipLast(1).ShouldAllBe(pair => pair.Item2.At - pair.Item1.At > TimeSpan.FromSeconds(0.5));
    }

    [Fact]
    public void The_interval_is_chosen_while_the_run_goes_on_and_changes_no_bit()
    {
        var options = Small with
        {
            Schedule = Arithmetic.Constant(200),
            CheckpointEvery = 0,
            SaveInterval = new SaveIntervalOptions { Least = 4, Most = 40 }
        };
        var run = new SimulatedRun(1, options, Plan);
        run.Run(100_000);
        var chosen = run.Journal.OfType<SaveIntervalChosen>().ShouldHaveSingleItem();
        chosen.Every.ShouldBe(40);
        run.Said.ShouldContain($"checkpoint interval set to 40 steps. {chosen.Reason}");
        var steps = run.Journal.OfType<CheckpointCommitted>().Select(static saved => saved.Step).ToList();
        steps[0].ShouldBe(4);
        steps.ShouldContain(steps[1] + 40);
        run.Disk.Checkpoints[200].ShouldBe(Arithmetic.Undisturbed(Plan, 200));
    }
}

using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Run;
using ActorTrain.Data.Plan;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>Machines that compute wrong bits in processes that die: what was not proved right when a process died is not forgotten with
/// it.</summary>
public sealed class UnprovedWorkSimulationTests
{
    private const int Broken = 23;
    private static readonly BatchPlan Plan = new(1, 10_000, 16, 8);

    private static readonly RunLogicOptions Options = new()
    {
        ConfigurationHash = "hash",
        Schedule = Arithmetic.Constant(60),
        Lanes = 8,
        Trainers = 3,
        Reducers = 2,
        CheckpointEvery = 1,
        SnapshotEvery = 2,
        Audit = new() { Every = 20, QuarantineLimit = 1000 },
        TrainerTimeout = TimeSpan.FromSeconds(10),
        RetryInterval = TimeSpan.FromSeconds(1),
    };

    /// <summary>The machine is audited at steps 20, 40 and so on, each trainer in turn; the process dies in between, with a checkpoint that
    /// has wrong bits in it.</summary>
    [Theory]
    [InlineData(3, 3, new[] { 1 }, 1)]
    [InlineData(3, 4, new[] { 1 }, 1)]
    [InlineData(3, 2, new[] { 2 }, 1)]
    [InlineData(3, 1, new[] { 1 }, 1)]
    [InlineData(3, 1, new[] { 1, 2 }, 1)]
    [InlineData(3, 3, new[] { 0 }, 4)]
    [InlineData(4, 4, new[] { 0, 3 }, 1)]
    [InlineData(5, 5, new[] { 1, 2 }, 3)]
    [InlineData(5, 3, new[] { 1, 4 }, 3)]
    [InlineData(11, 11, new[] { 10 }, 2)]
    public void Wrong_bits_that_a_dead_process_saved_do_not_stay_in_the_weights(int trainers, int later, int[] faulty, int kills)
    {
        for (var seed = 0; seed < 10; seed++)
        {
            var run = new SimulatedRun(seed, Options with { Trainers = trainers }, Plan) { NextTrainers = _ => later };
            run.Until(static logic => logic.TakenSteps == Broken);
            foreach (var number in faulty)
                run.BreakMachine(number);
            run.Until(logic => logic.TakenSteps >= Broken + 3 && run.Journal.OfType<CheckpointCommitted>()
                .Any(static saved => saved.Step >= Broken + 2));
            run.KillProcess();

            // The next ones die before they come to an audit.
            for (var kill = 1; kill < kills; kill++)
            {
                run.UntilHalfOfTheLanesAreDone();
                run.KillProcess();
            }

            Finish(run, seed);
        }
    }

    [Fact]
    public void Machines_that_compute_wrong_bits_are_found_whatever_processes_come_and_go()
    {
        var (died, found, gone) = (0, 0, 0);
        for (var seed = 0; seed < 400; seed++)
        {
            var options = Options with
            {
                Trainers = 5 + (seed % 2),
                Audit = Options.Audit with { Every = 1 + (seed % 7) },
                CheckpointEvery = 1 + (seed % 4)
            };
            var weather = Weather.Calm with
            {
                WrongBits = 0.001,
                WrongBitsStay = true,
                Crash = 0.01,
                RunCrash = 0.001,
                ProcessDeath = 0.004,
                SaveFails = 0.1,
                JournalAway = 0.03,
                StormInputs = 2000
            };
            var run =
                new SimulatedRun(seed, options, Plan, weather) { NextTrainers = seed % 3 == 0 ? static random => random.Next(3, 7) : null };
            Finish(run, seed);
            died += run.Journal.OfType<RunResumed>().Count();
            found += run.Journal.OfType<CorruptionFound>().Count();
            gone += run.Journal.OfType<CourseCorrected>().Count(static corrected => corrected.Intervention.Reason.EndsWith(
                "never verified, and the trainer is gone.", StringComparison.Ordinal));
        }

        // The storm was one.
        (died > 400 && found > 200 && gone > 20)
            .ShouldBeTrue($"{died} deaths, {found} times wrong bits, {gone} times unproved work of those who were gone");
    }

    [Fact]
    public void Whoever_is_let_go_or_taken_out_leaves_nothing_unproved()
    {
        for (var seed = 0; seed < 150; seed++)
        {
            var options = Options with { Trainers = 5 + (seed % 3), Audit = Options.Audit with { Every = 1 + (seed % 20) } };
            var weather = Weather.Calm with
            {
                WrongBits = 0.0005,
                WrongBitsStay = true,
                Crash = 0.01,
                Hang = 0.001,
                Drop = 0.01,
                Delay = 0.02,
                StormInputs = 1500
            };
            var run = new SimulatedRun(seed, options, Plan, weather);
            var random = new Random(seed);
            for (var step = 5; step < 50; step += 5 + random.Next(10))
            {
                run.Until(logic => logic.TakenSteps >= step);
                run.Give(random.Next(3) == 0 ? new OperatorRequest(step, "ann", new QuarantineTrainer(random.Next(4)))
                    : new ScaleTrainers(4 + random.Next(4)));
            }

            Finish(run, seed);
        }
    }

    /// <summary>Whether it has long been there, or has only just begun.</summary>
    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void Whoever_is_told_to_go_while_all_is_well_costs_no_step(int before)
    {
        for (var moment = 0; moment < 60; moment++)
        {
            var run = new SimulatedRun(1, Options, Plan);
            run.Until(static logic => logic.TakenSteps == Broken);
            run.Give(new ScaleTrainers(before));
            run.Until(_ => run.Journal.OfType<TrainerJoined>().Count() == before);
            var left = moment;
            run.Until(_ => left-- == 0);
            run.Give(new ScaleTrainers(before - 1));
            Finish(run, 1);
            run.Journal.OfType<RunRolledBack>().ShouldBeEmpty($"told at moment {moment}");
            run.Journal.OfType<TrainerLeft>().ShouldHaveSingleItem().Step.ShouldBeInRange(Broken, Broken + 8);
        }
    }

    private static void Finish(SimulatedRun run, int seed)
    {
        try
        {
            run.Run(400_000).Ending.ShouldBe(RunEnding.Finished);
            run.Disk.Checkpoints[Options.Steps].ShouldBe(Arithmetic.Undisturbed(Plan, Options.Steps), "the weights");
        }
        catch (Exception exception)
        {
            throw new InvalidOperationException(
                $"Seed {seed}: {exception.Message}\n{string.Join("\n", run.Journal.Select(RunEventWords.Describe).TakeLast(30))}",
                exception);
        }
    }
}

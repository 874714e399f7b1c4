using ActorTrain.Actors.Checkpoints;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Run;
using ActorTrain.Actors.Tests.PostTraining;
using ActorTrain.Data.Plan;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>A run and its faults, as a seed has them; and what must hold when it has ended.</summary>
internal sealed class SimulatedSchedule
{
    private const int InputLimit = 400_000;
    private static readonly TimeSpan RecoveryLimit = TimeSpan.FromMinutes(5);
    private static readonly BatchPlan Plan = new(1, 10_000, 16, 8);

    private readonly int seed;
    private readonly RunLogicOptions options;
    private readonly Weather weather;
    private readonly BatchPlan plan = Plan;
    private readonly int workers;
    private readonly int auditEvery;

    // One of two scorers, or of two references, that computes wrongly; audits of every step find it.
    private readonly ActorId? wrongJudge;

    // Steps whose batches have a gradient that is no number, or a loss that shows late.
    private readonly long? poisoned;
    private readonly long? drifting;

    private SimulatedSchedule(int seed)
    {
        this.seed = seed;
        var random = new Random(~seed);
        double UpTo(double most) => random.Next(3) == 0 ? 0 : most * random.NextDouble();
        options = new RunLogicOptions
        {
            ConfigurationHash = "hash",
            Schedule = Arithmetic.Constant(random.Next(20, 41)),
            Lanes = 8,
            Trainers = random.Next(1, 6),
            Reducers = random.Next(1, 4),
            EvaluateEvery = random.Next(2) * 7,
            HasValidation = true,
            CheckpointEvery = random.Next(1, 9),
            SaveInterval = random.Next(3) == 0 ? new SaveIntervalOptions { Least = 3, Most = 9 } : null,
            SnapshotEvery = random.Next(4),
            SnapshotSlots = random.Next(3, 6),
            ProofSteps = random.Next(4, 10),
            PreviewsUpdates = random.Next(4) == 0,
            JournalBuffer = random.Next(3) == 0 ? 8 : 256,
            Audit = new() { Every = random.Next(5), QuarantineLimit = 1000 },
            Ladder = new() { Margin = 2, RollBack = new(10, 1000, 0) },
            TrainerTimeout = TimeSpan.FromSeconds(10),
            RetryInterval = TimeSpan.FromSeconds(1),
            SaveRetry = TimeSpan.FromSeconds(2),
        };
        weather = new Weather
        {
            Drop = UpTo(0.05),
            Duplicate = UpTo(0.05),
            Delay = UpTo(0.08),
            Crash = UpTo(0.02),
            Hang = UpTo(0.003),
            OthersCrash = UpTo(0.02),
            Corrupt = UpTo(0.001),
            Operator = random.Next(3) == 0 ? 0.002 : 0,
            Scale = UpTo(0.004),
            RunCrash = UpTo(0.001),
            ProcessDeath = UpTo(0.001),
            SaveFails = UpTo(0.3),
            SnapshotRots = UpTo(0.05),
            GradientRots = UpTo(0.001),
            JournalAway = UpTo(0.08),
            StormInputs = random.Next(500, 5000),
        };
        poisoned = random.Next(4) == 0 ? random.Next(2, 20) : null;
        drifting = random.Next(4) == 0 ? random.Next(2, 20) : null;

        // Every fourth run has its trainers in other processes, which retain their states.
        if ((seed & 7) is 1 or 2)
        {
            options = options with { TrainersRetainStates = true };
            weather = weather with { Places = options.Trainers, NodeLost = UpTo(0.005), ProcessDeath = 0.001 + UpTo(0.002) };
        }

        // In every fifth, a machine in two is slower than the others.
        if (seed % 5 == 2)
            weather = weather with { SlowBy = [1, 2 + seed % 30] };

        // Every third run divides the optimizer's state.
        if (seed % 3 == 1)
            options = options with { DividesOptimizer = true, PreviewsUpdates = false };

        // Every fourth run learns from rollouts; it is shorter, since each step takes many more messages.
        if ((seed & 3) != 3)
            return;
        plan = new BatchPlan(1, 10_000, 8, 4);
        (poisoned, drifting) = (poisoned / 2, drifting / 2);
        options = options with { Rollouts = RolloutSchedule.OnPolicy, Lanes = 4, Schedule = Arithmetic.Constant(random.Next(8, 15)) };
        weather = weather with
        {
            WorkerCrash = UpTo(0.02),
            WorkerHang = UpTo(0.002),
            WorkerSlow = UpTo(0.02),
        };
        workers = random.Next(1, 4);
        auditEvery = random.Next(3);
        var lag = random.Next(3);
        var window = lag + 1 + random.Next(4);

        // Where trainers have other weights than samplers, only an audit would find a wrong rollout.
        weather = weather with { Misreport = lag == 0 ? UpTo(0.002) : 0 };
        options = options with { Rollouts = new RolloutSchedule(lag, window), SnapshotSlots = options.SnapshotSlots + lag };
        if (auditEvery == 1 && random.Next(2) == 0)
            wrongJudge = new ActorId(random.Next(2) == 0 ? ActorRole.Reward : ActorRole.Reference, random.Next(2));
    }

    /// <summary>The schedule of a seed.</summary>
    public static SimulatedSchedule Of(int seed) => new(seed);

    /// <summary>Runs it.</summary>
    /// <param name="transcript">Takes all that the run is told and does; null: nobody wants to know.</param>
    public void Run(TextWriter? transcript = null)
    {
        Func<long, bool> isPoison = position => position == (poisoned * plan.BatchSize) + 3;
        Func<long, bool> isDrift = position => position / plan.BatchSize == drifting;
        var run = new SimulatedRun(seed, options, plan, weather, isPoison, isDrift) { Transcript = transcript, LanesAtOnce = 1 << (seed & 3) };
        if (options.Rollouts is not null)
        {
            var usual = run.World.Policy.Options;
            run.World.Policy = new SimulatedPolicy(plan)
            {
                Options = usual with
                {
                    Rollouts = usual.Rollouts with { Workers = workers },
                    Rewards = wrongJudge is null ? 1 : 2,
                    References = wrongJudge is null ? 1 : 2,
                    AuditEvery = auditEvery,
                },
            };
        }

        if (wrongJudge is { } wrong)
            run.World.Outliers[(wrong.Role, wrong.Number)] = WrongBits.Always;

        run.Run(InputLimit).Ending.ShouldBe(RunEnding.Finished);
        Check(run, options, plan);
    }

    /// <summary>Holds a run that has finished against one that nothing disturbed and that knew all decisions from the start.</summary>
    public static void Check(SimulatedRun run, RunLogicOptions options, BatchPlan plan)
    {
        var end = JournalState.Of(run.Journal);
        run.Disk.Checkpoints[options.Steps].ShouldBe(Undisturbed(options.Steps), "the weights");
        var steps = Enumerable.Range(1, (int)options.Steps).Select(static step => (long)step);
        run.Steps.Select(static row => row.Step).ShouldBe(steps, "every step stands once in the metrics");
        foreach (var row in run.Steps)
            row.Positions.ShouldBe(plan.Samples(row.Step - 1, end.Skips).Select(static sample => sample.Position), "the samples of a step");
        foreach (var row in options.Rollouts is not null ? run.Steps : [])
        {
            row.Rollouts.ShouldBe(
                run.World.Policy.Experience(row.Step - 1, Undisturbed(options.Rollouts!.WeightsOf(row.Step - 1)), end.Skips).Summary,
                $"the rollouts of step {row.Step}");
        }

        run.Journal[^1].ShouldBeOfType<RunFinished>();
        if (run.CalmAt is { } calm)
            (run.Now - calm).ShouldBeLessThan(RecoveryLimit, "the way from the last fault to the end");

        ulong Undisturbed(long steps) => Arithmetic.Undisturbed(
            plan, steps, _ => end.Skips, Rate, options.Rollouts is not null ? run.World.SaltOf : null, options.Rollouts);

        double Rate(long step) => end.Interventions.Where(intervention => intervention.From <= step)
            .Aggregate(1.0, static (factor, intervention) => factor * intervention.RateFactor);
    }

    public override string ToString() =>
        $"seed {seed}: {options.Steps} steps, {options.Trainers} trainers, {options.Reducers} reducers{(options.DividesOptimizer ? ", divided" : "")}; "
        + (options.Rollouts is { } rollouts
            ? $"rollouts by {workers} workers, lag {rollouts.Lag} of {rollouts.Window}, audits every {auditEvery}, "
                + $"{wrongJudge?.ToString() ?? "nobody"} computes wrongly; " : "")
        + $"poisoned step {poisoned}, drifting step {drifting}; {weather}";
}

using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Training;
using ActorTrain.Chaos.Tests.World;
using ActorTrain.Models.Storage;
using Akka.Actor;

namespace ActorTrain.Chaos.Tests.Schedules;

/// <summary>How a process's part of a run ends before its last step.</summary>
internal enum Cut
{
    /// <summary>By a stop, in order, once a step is taken.</summary>
    Stop,

    /// <summary>The actor system is terminated in the midst of everything, after so many messages.</summary>
    Terminate,

    /// <summary>The process is killed after so many messages.</summary>
    Kill,
}

/// <summary>A fault at one occurrence of a message.</summary>
internal sealed record FaultRule(FaultTarget Target, int Occurrence, Fault Fault);

/// <summary>A bit that flips in memory of one kind, of one kind of actor, at one occurrence of its resting there.</summary>
internal sealed record FlipRule(FlatPlace Place, int Occurrence, string Role = FaultTarget.Trainer);

/// <summary>All faults of one run, worked out from a seed. Threads still interleave as they like; faults hang on how often an actor got a
/// kind of message, so the same seed brings the same trouble.</summary>
internal sealed record RandomSchedule
{
    private const int RulesPerSeed = 6;

    /// <summary>One in so many runs is killed, as a process.</summary>
    private const int TextKills = 12, PolicyKills = 50;
    private static readonly int[] TrainerCounts = [1, 2, 3, 4, 5, 8];

    // Workers beside them take threads, too.
    private static readonly int[] TrainerCountsWithRollouts = [1, 2, 3];

    public required int Seed { get; init; }

    public required ChaosTraining Training { get; init; }

    public int Trainers { get; init; } = 1;

    public int Reducers { get; init; } = 1;

    public int CheckpointEvery { get; init; } = 4;

    public int EvaluateEvery { get; init; } = 5;

    public int SnapshotSlots { get; init; } = 3;

    public int SnapshotEvery { get; init; }

    public int AuditEvery { get; init; }

    /// <summary>Whether updates are previewed before they are judged.</summary>
    public bool PreviewsUpdates { get; init; }

    /// <summary>Whether the optimizer's state is divided among trainers; nobody can preview an update then.</summary>
    public bool Divides
    {
        get => field && !PreviewsUpdates;
        init;
    }

    public int ProofSteps { get; init; } = 3;

    /// <summary>Steps to which the run is extended as it begins, and by whom.</summary>
    public (long Steps, string By)? Extension { get; init; }

    public int JournalBuffer { get; init; } = 256;

    /// <summary>Short where trainers hang; else no machine is so slow that one is taken for hung.</summary>
    public TimeSpan TrainerTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Chance that a message meets a fault.</summary>
    public double Storm { get; init; }

    /// <summary>Faults of the storm, at most, in each part of the run.</summary>
    public int StormFaults { get; init; }

    /// <summary>Chance that the database fails, or is slow.</summary>
    public double JournalStorm { get; init; }

    public IReadOnlyList<FaultRule> Rules { get; init; } = [];

    public IReadOnlyList<FlipRule> Flips { get; init; } = [];

    /// <summary>Once so many steps are taken, that many trainers are wanted.</summary>
    public IReadOnlyList<(long Step, int Trainers)> Scales { get; init; } = [];

    /// <summary>How parts of the run end before the last one.</summary>
    public IReadOnlyList<(Cut How, int At)> Cuts { get; init; } = [];

    /// <summary>Whether the supervisor fails at the last it hears, when it has just said how the run ended.</summary>
    public bool FailsAtEnd { get; init; }

    /// <summary>Samplers, if there are rollouts.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>The rollout that a sampler reports wrong; null for none.</summary>
    public WrongAnswer? Wrong { get; init; }

    /// <summary>What happens to files of rollouts between parts of the run.</summary>
    public LedgerDamage LedgerDamage { get; init; }

    public ScheduleFamily Family => Training is ChaosPolicy ? ScheduleFamily.Policy : ScheduleFamily.Text;

    public bool Kills => Cuts.Any(static cut => cut.How == Cut.Kill);

    public static RandomSchedule Of(ScheduleFamily family, int seed) => family == ScheduleFamily.Policy ? OfPolicy(seed) : OfText(seed);

    private static RandomSchedule OfText(int seed)
    {
        var random = new Random(seed);
        var training = random.Next(2) == 0 ? ChaosText.BFloat16 : ChaosText.Float32;
        return Draw(seed, random, training, TextKills, TrainerCounts, FaultTarget.OfText).Provoked();
    }

    // Three seeds in a row, which differ in their audits, have the same configuration.
    private static RandomSchedule OfPolicy(int seed)
    {
        var random = new Random(seed);
        var training = ChaosPolicy.All[(seed & int.MaxValue) / 3 % ChaosPolicy.All.Count];
        var drawn = Draw(seed, random, training, PolicyKills, TrainerCountsWithRollouts, FaultTarget.OfPolicy);
        return (drawn with
        {
            Workers = 1 + random.Next(3),
            SnapshotSlots = drawn.SnapshotSlots + training.Schedule.Lag,
            LedgerDamage = (LedgerDamage)random.Next(Enum.GetValues<LedgerDamage>().Length),
            Flips = [.. drawn.Flips, .. FlippedOfWorkers(seed, training)],
            Wrong = random.Next(4) == 0 ? WrongAnswer.Of(random) : null,
        }).Provoked();
    }

    private static RandomSchedule Draw(
        int seed, Random random, ChaosTraining training, int killsOneIn, int[] trainerCounts,
        IReadOnlyList<(FaultTarget Target, Fault Fault)> targets)
    {
        var kills = random.Next(killsOneIn) == 0;
        return new RandomSchedule
        {
            Seed = seed,
            Training = training,
            Trainers = trainerCounts[random.Next(trainerCounts.Length)],
            Reducers = 1 + random.Next(3),
            CheckpointEvery = 1 + random.Next(6),
            EvaluateEvery = 1 + random.Next(7),
            SnapshotSlots = 2 + random.Next(3),
            TrainerTimeout = TimeSpan.FromMilliseconds(500),
            JournalBuffer = random.Next(3) == 0 ? 4 : 256,
            Storm = random.Next(3) * 0.02,
            StormFaults = 5 + random.Next(20),
            JournalStorm = random.Next(3) * 0.04,
            // The first counts where two meet at one message: to throw is what every kind of message has to see.
            SnapshotEvery = seed % 4,
            AuditEvery = seed % 3,
            PreviewsUpdates = seed % 7 < 2,
            Divides = seed % 5 == 2,
            FailsAtEnd = seed % 5 == 0,
            Flips = Flipped(seed),
            Rules = [.. Enumerable.Range(0, RulesPerSeed).Select(i => Rule(seed, i, random, targets)).Concat(OfDivision(seed))
                .OrderBy(static rule => rule.Fault == Fault.Throw ? 0 : 1)],
            Scales =
            [
                .. Enumerable.Range(0, random.Next(4))
                    .Select(_ => ((long)random.Next(training.Steps), trainerCounts[random.Next(trainerCounts.Length)])),
            ],
            Cuts = kills
                ? [.. Enumerable.Range(0, 1 + random.Next(2)).Select(_ => (Cut.Kill, 20 + random.Next(400)))]
                : random.Next(3) == 0
                    ? [.. Enumerable.Range(0, 1 + random.Next(2)).Select(_ => random.Next(2) == 0
                        ? (Cut.Stop, 1 + random.Next(training.Steps)) : (Cut.Terminate, 5 + random.Next(400)))]
                    : [],
        };
    }

    public override string ToString() =>
        $"seed {Seed}: {Training.Name}, {Trainers} trainers, {Reducers} reducers, checkpoint every {CheckpointEvery}, evaluation every "
            + $"{EvaluateEvery}, {SnapshotSlots} slots, snapshot every {SnapshotEvery}, audit every {AuditEvery}, previews "
            + $"{PreviewsUpdates}, divides {Divides}, "
        + $"buffer {JournalBuffer}, storm {Storm} of {StormFaults}, journal storm {JournalStorm}, scales [{string.Join(' ', Scales)}], "
            + $"cuts [{string.Join(' ', Cuts)}], "
        + $"fails at the end {FailsAtEnd}, {Workers} samplers, wrong {Wrong}, ledger damage {LedgerDamage}, "
        + $"flips [{string.Join(' ', Flips.Select(static flip => $"{flip.Role} {flip.Place}#{flip.Occurrence}"))}], "
        + $"rules [{string.Join(' ', Rules.Select(static rule => $"{rule.Target}#{rule.Occurrence}:{rule.Fault}"))}]";

    // In every other run bits flip, some of each kind of memory in any few seeds in a row.
    private static IReadOnlyList<FlipRule> Flipped(int seed)
    {
        var random = new Random(~seed);
        var places = Enum.GetValues<FlatPlace>().Where(static place => place != FlatPlace.PublishedWeights).ToList();
        return seed % 5 == 2 && seed % 2 == 1 ? [new FlipRule(FlatPlace.PublishedWeights, random.Next(20))] : seed % 2 == 0 ? [.. Enumerable.Range(0, 1 + random.Next(3))
            .Select(i => new FlipRule(places[(seed / 2 + i) % places.Count], random.Next(40)))] : [];
    }

    // In two of five runs a bit flips in the weights of a sampler, the reference or the critic.
    private static IReadOnlyList<FlipRule> FlippedOfWorkers(int seed, ChaosPolicy training)
    {
        var random = new Random(seed ^ 0x5EED);
        string[] roles = [FaultTarget.Sampler, FaultTarget.Reference, .. training.HasCritic ? (string[])[FaultTarget.Critic] : []];
        return seed % 5 < 2 ? [new FlipRule(
            random.Next(2) == 0 ? FlatPlace.Weights : FlatPlace.PackedWeights, random.Next(40), roles[random.Next(roles.Length)])] : [];
    }

    private static IEnumerable<FaultRule> OfDivision(int seed)
    {
        var (target, fault) = FaultTarget.OfDivision[(seed & int.MaxValue) / 5 % FaultTarget.OfDivision.Count];
        return seed % 5 == 2 ? [new FaultRule(target, seed % 3, fault)] : [];
    }

    // Seeds in a row go through all targets and faults, one after another.
    private static FaultRule Rule(int seed, int index, Random random, IReadOnlyList<(FaultTarget Target, Fault Fault)> targets)
    {
        var (target, fault) = targets[(int)((((long)seed * RulesPerSeed) + index) % targets.Count)];
        return new FaultRule(target, random.Next(3), fault);
    }

    private RandomSchedule Provoked() => Rules.Aggregate(this, static (provoked, rule) => provoked.Provoke(rule.Target));

    // Some messages are only sent in trouble: it is brought about, and the first such message is the one that is hit.
    private RandomSchedule Provoke(FaultTarget target)
    {
        var first = this with { Rules = [.. Rules.Select(rule => rule.Target == target ? rule with { Occurrence = 0 } : rule)] };
        return target.Kind switch
        {
            nameof(AbandonTrainer) => first.Add(FaultTarget.Trainer, nameof(ComputeLanes), 2, Fault.Hang),
            nameof(AtAnotherStep) => first.Add(FaultTarget.Trainer, nameof(ApplyUpdate), 1, Fault.Drop),
            "SupervisorReplacement" => first.Add(FaultTarget.Trainers, nameof(TellTrainer), 20, Fault.Throw),

            // Some steps after the start, with nothing kept of them to go on from.
            nameof(Rewind) => (first with { Trainers = 2, CheckpointEvery = 10, SnapshotEvery = 0 })
                .Add(FaultTarget.Trainers, nameof(TellTrainer), 20, Fault.Throw),
            nameof(ActorFailed) => first.Add(FaultTarget.Reducer, nameof(AddBlock), 1, Fault.Throw),
            nameof(SpikeDetectorStarted) => first,
            nameof(JournalAway) => first with { JournalStorm = 0.2, StormFaults = 20 },
            nameof(RecomputeBlock) or nameof(BlockRecomputed) => first with { AuditEvery = 1 },
            nameof(PreviewUpdate) or nameof(UpdatePreviewed) or nameof(ITrainerDevice.Preview) => first with { PreviewsUpdates = true },
            nameof(MarkGood) => first with { CheckpointEvery = 1, ProofSteps = 1 },
            nameof(WeightsMissing) or nameof(WeightsRefused) => first with { Flips = [.. Flips, new FlipRule(FlatPlace.Snapshot, 0)] },
            nameof(WorkerLost) => first.Add(FaultTarget.Sampler, nameof(GenerateRollouts), 1, Fault.Throw),
            nameof(Terminated) when target.Role == FaultTarget.Rollouts =>
                first.Add(FaultTarget.Sampler, nameof(GenerateRollouts), 1, Fault.Throw),
            nameof(WorkerCorrupted) => first with { AuditEvery = 1, Wrong = new WrongAnswer(WrongPart.Id, 0) },
            _ when target.Role.StartsWith(FaultTarget.Critic, StringComparison.Ordinal) || target.Kind == nameof(ValuesEstimated) =>
                this with { Training = Training is ChaosPolicy { HasCritic: true } ? Training : ChaosPolicy.Ppo },
            nameof(CancelEvaluation) or nameof(StopRun) when !Kills => first with { EvaluateEvery = 1, Cuts = [(Cut.Stop, 3), .. Cuts] },
            _ => this,
        };
    }

    private RandomSchedule Add(string role, string kind, int occurrence, Fault fault) =>
        this with { Rules = [.. Rules, new FaultRule(new FaultTarget(role, kind), occurrence, fault)] };
}

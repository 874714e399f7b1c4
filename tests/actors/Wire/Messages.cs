using System.Collections.Immutable;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Numerics;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Plan;
using ActorTrain.Models.PostTraining.Policies;
using ActorTrain.Models.Rollouts;
using ActorTrain.Persistence.Certificates;
using ActorTrain.Persistence.Goodput;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Tests.Wire;

/// <summary>At least one of each message of the protocol, with all that may stand in it, numbers that are no numbers among it.</summary>
internal static class Messages
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 4, 12, 0, 0, 125, TimeSpan.Zero);
    private static readonly TrainerKey Key = new(3, 2);
    private static readonly Round At = new(17, 12);
    private static readonly Ticket Ticket = new(5, At);
    private static readonly SkipList Skips = SkipList.Of([new SkippedRange(8, 4, "a \"bad\" batch"), new SkippedRange(40, 1, "ü")]);
    private static readonly Intervention Intervention =
        new(1, 10, [new SkippedRange(8, 4, "spike")], 0.5, "ann", "It spiked.") { Steps = 100 };

    private static readonly SpikeMemory Memory = new()
    {
        Rules = ImmutableSortedDictionary.Create<string, ImmutableArray<double>>(StringComparer.Ordinal)
            .Add("zclip", [0.1, double.NaN, -0.0]).Add("drift", []),
    };

    private static readonly RunOverrides Overrides = new() { Skips = Skips, Interventions = [Intervention], Vetoes = [9], Spikes = Memory };

    private static readonly BlockResult Result = new(1.0 / 3, [0.1, double.PositiveInfinity], [4, 5, 6], ulong.MaxValue)
    {
        RedundantLanes = [(1, 0xfeed), (2, 7)],
        StateChecksum = 12345678901234567890,
        Waited = TimeSpan.FromMilliseconds(1.5),
        LanePolicies = [new PolicyFigures(1, 0.25, 0.5, 0, 2), default],
        Norm = double.Epsilon,
        PartNorms = new PartNorms(1, [2, 3], [4, 5, 6]),
        UpdateNorm = 1e-300,
    };

    private static readonly StepSignals Signals = new()
    {
        Step = 12,
        Loss = double.NaN,
        LaneLosses = [1, 2],
        GradientNorm = double.PositiveInfinity,
        TensorNorms = [1],
        EmbeddingNorm = 2,
        BlockNorms = [3],
        UpdateNorm = 4,
        NonFinite = 5,
        Tokens = 6,
        Rollouts = new RolloutSummary(8, 100, 1, 0.5, [0.25], -0.125, 1.5, 0.75, 1) { KlCoefficient = 0.25 },
        Policy = new PolicyFigures(1.5, 0.25, 0.5, 0.125, 2),
    };

    private static readonly StepMeasurement Measured = new(13, 2.5, 0.7, TimeSpan.FromSeconds(0.25), [1, 2]) 
    {
        LearningRate = 3e-4,
        Policy = new PolicyFigures(1.5, 0.25, 0.5, 0.125, 2),
    };

    private static readonly StateRecord Record = new(
        new StateBasis(3, ulong.MaxValue), Overrides, new Dictionary<int, long> { [2] = 9 }, 12,
        [new EvaluationMeasurement(12, 2.5, double.PositiveInfinity, 0.5), Measured]);

    private static readonly UpdateAdjustment Adjustment =
        new() { ClipTo = 1, LearningRate = 6e-4, RateFactor = 0.5, TensorFactors = [1, 0.5], ResetMomentum = true };

    private static readonly CheckpointHistory History =
        CheckpointHistory.Of([new CheckpointCommitted(Noon, 10, "aa"), new CheckpointProved(Noon, 10, 110, "aa"),
            new CourseCorrected(Noon, 11, Intervention), new RunRolledBack(Noon, 10, 12, StateKind.Checkpoint, "spike")]);

    private static readonly NodeKey Node = new("node-1", 638_000_000_000_000_000);

    private static readonly NodeInspection Found =
        new(5, "cc", "dd", new NumericFingerprint("2.10.0", "MKL", "oneDNN", "AVX2", "AVX-512", "cpu"), "cpu", 2);

    private static readonly PublishedWeights Weights = new(12, 2, ulong.MaxValue);

    private static readonly ActorId Worker = new(ActorRole.Rollout, 3, 2);

    // The smallest and the largest numbers, and one that is 0 on both sides.
    private static readonly Rollout Sampled = new([7, 0, int.MaxValue], [-0.0f, -float.Epsilon, float.MinValue], HasEnded: true);

    private static readonly RolloutScore Scored = new(1.0 / 3, [-0.0, null, double.Epsilon]);

    private static readonly StepRollouts Kept = new(12, 77,
    [
        new(long.MaxValue, [1, 2],
            [new ScoredRollout(Sampled, Scored, [-1.5f, -0.0f, -2]), new(Sampled, new RolloutScore(null, [null]), [])]),
    ]);

    /// <summary>All.</summary>
    public static IReadOnlyList<object> All { get; } =
    [
        new LoadState(new FreshState(), 0, 1), new LoadState(new SnapshotState(2, 77), 12, 2), new LoadState(new CheckpointState(), 10, 3),
        new LoadState(new CheckpointState(), 10, 3) { Shards = new OwnedShards(4, [1, 3]) }, new UpdateShards(At, 0.5, Adjustment),
        new CopyState(1, 12, 4) { Shards = new OwnedShards(4, []) },
        new ComputeLanes(Ticket, [new LaneBlock(0, 4), new LaneBlock(4, 2)], Skips) { RedundantLanes = [1, 5] },
        new RecomputeBlock(Ticket, new LaneBlock(0, 8), 11, SkipList.Empty, 2) { PreviewRate = 1e-4 },
        new PreviewUpdate(Ticket, 0.5, 1e-4, 1), new ApplyUpdate(At, 0.5, Adjustment),
        new ApplyUpdate(At, 0.5, Adjustment) { Record = Record }, new CopyState(1, 12, 4), new Evaluate(12),
            new CancelEvaluation(12),
        new StateLoaded(Key, 12, 2), new StateRefused(Key, 12, 2, "Its hash differs."), new LaneComputed(Key, Ticket, 5),
            new BlockComputed(Key, Ticket, new LaneBlock(4, 2), Result),
        new BlockRecomputed(Key, Ticket, new LaneBlock(4, 2), 1, Result), new UpdatePreviewed(Key, Ticket, 1, 0.25),
            new ShardsUpdated(Key, At, [new ShardChecksum(1, 9)]),
            new UpdateApplied(Key, At, new AppliedUpdate(9, null)),
        new AtAnotherStep(Key, 11, 3), new StateCopied(Key, 1, 12, 4, 99) { StateChecksum = 98 }, new EvaluationProgressed(Key, 12),
            new Evaluated(Key, 12, 2.5, 12.2, 1.1),
        new StartTrainer(3, 1), new RetireTrainer(3), new RetireOthers([1, 3]), new AbandonTrainer(Key, "It is silent."), new TellTrainer(Key, new Evaluate(12)),
        new TrainerSupervisorStarted(), new TrainerStarted(Key), new TrainerStarted(Key) { Node = "node-1" }, new TrainerLost(Key, "It threw.") { Damage = FoundDamage.Shared },
            new TrainerGivenUp(3, "It failed 4 times."), new TrainerUnplaced(3),
        new AddBlock(At, new LaneBlock(4, 2)), new ReducerStarted(1), new BlockDamaged(1, At, null, "It was damaged."),
            new ShardReduced(1, At, [0.5, double.NaN]),
        new SaveCheckpoint(2, 1, 12, 99, Overrides, History) { Unproved = new Dictionary<int, long> { [3] = 8 }, Decisions = 14 },
            new MarkGood(10, "aa", 110),
        new CheckpointerStarted(), new CheckpointSaved(2, 12, "bb", [10, 12]),
            new CheckpointFailed(2, 12, "The disk is full.") { IsSnapshotDamaged = true },
        new JudgeStep(At, Signals, Memory), new SpikeDetectorStarted(),
        new StepJudged(At, new Judgement(new Finding("zclip", "gradient norm", 9, 3, 11, SpikeAnswer.Veto, "9 is above 3"), Adjustment,
            Memory, SpikeMemory.Empty)),
        new RecordDecision(4, new TrainerLeft(Noon, 12, Key.Id, 6, "It threw.")) { Previous = new RunPaused(Noon, 12, "ann") }, new ReadDecisions(),
            new JournalRecovered([new RunPaused(Noon, 12, "ann"), new RunContinued(Noon, 12, "ann")]),
        new Recorded(4), new JournalAway("It does not answer."), new JournalUnreadable("row 3 was altered"),
        new RunSuperseded("Process 7 on b leads."),
        new GoOnAfter(7, 4, 12), new Rewind(3, 10), new Publish(4, Measured), new Publish(5, new EvaluationMeasurement(13, 2.5, 12.2, 1.1)),
            new FlushMetrics(5),
        new PublisherStarted(7), new Published(7, 5), new MetricsDurable(7, 5), new MetricsFailed("The disk is full."),
        new GoodputTurn(Noon, GoodputActivity.Recovering, "trainer lost", 12, TimeSpan.FromMilliseconds(3)),
        new Notice("where the time goes is written again.", false),
        new OperatorRequest(1, "ann", new RollBackRun(10, 2)), new OperatorRequest(2, "ann", new SkipBatches(3)),
            new OperatorRequest(3, "ann", new ScaleLearningRate(0.5)),
        new OperatorRequest(4, "ann", new ExtendRun(200)), new OperatorRequest(5, "ann", new QuarantineTrainer(3)),
            new OperatorRequest(6, "ann", new ReleaseTrainer(3)),
        new OperatorRequest(7, "ann", new PauseRun()), new OperatorRequest(8, "ann", new ContinueRun()),
            new OperatorAnswer(true, "The run pauses after step 12."),
        new Tick(), new StopRun("SIGTERM"), new ScaleTrainers(4), new ActorGivenUp(ActorId.Reducer(1), "It failed."),
            new ActorFailed(new ActorId(ActorRole.Spikes), "It threw."),
        new GetStatus(),
        new RunStatus(12, 100, 5, RunPhase.Training, [new TrainerStatus(Key, TrainerStanding.Member, "{0-3}", 1, "It threw.") { Mailbox = 2 }], 1,
            [(new ActorId(ActorRole.Journal), 1, "away")])
        {
            WantedTrainers = 4,
            Overrides = new OverridesStatus { IsPaused = true, Quarantined = [2], InForce = [Intervention], Pending = [Intervention],
                Spikes = 1, Vetoes = 2, Rollbacks = 3, Corruptions = 4 },
            Actors = [new ActorStatus("reducer-1", "running", 3), new ActorStatus("journal", "running", null)],
        },
        new RunEnded(RunEnding.Stopped, 12, "SIGTERM"),
        new Publish(6, Measured with { Rollouts = new RolloutSummary(8, 100, 1, 0.5, [0.25, double.NaN], -0.125, 1.5, 0.75, 1) }),
        new PrepareExperience(4, 3, 12, Weights, Skips) { KlCoefficient = 0.25 }, new PrepareExperience(4, 3, 12, Weights, Skips) { IsDoubted = true },
            new RolloutsStarted(), new ResizeSamplers(3), new ScaleRollouts(3),
        new ExperiencePrepared(4, 0xfeed, new RolloutSummary(2, 6, 2, double.NaN, [double.NaN], null, 1.5, 0, 0)),
        new WeightsRefused(4, "They are gone."), new RolloutsFailed("The disk is full."), new JudgeDelayed("It is away."), new JudgeDelayed(null),
        new LedgerDelayed("The disk is full."),
            new WorkerCorrupted(Worker, "It differs."),
            new WorkerLost(Worker, "It threw."),
            new ExperienceProgressed(3, RolloutPhase.Scoring),
        new GenerateRollouts(4, Weights, 40, [1, 2], [0, 5], 1), new JudgeRollouts(4, Weights, 40, [1, 2], [Sampled, Sampled], 2),
            new ForgetRollouts(4),
        new WorkerProgressed(Worker, 4), new RolloutDone(Worker, 4, 40, 5, 1, Sampled, ulong.MaxValue),
        new RewardsScored(Worker, 4, 40, 2, [Scored, new RolloutScore(null, [])]),
            new ScoringFailed(Worker, 4, 40, 2, "It refuses."), new ScoringDelayed(Worker, 4, "It is away."),
            new ReferencesScored(Worker, 4, 40, 2, [[-0.0f, -1], [], [float.NegativeInfinity]]),
            new ValuesEstimated(Worker, 4, 40, 2, [[0.5f, -1], []]),
        new WeightsMissing(Worker, 4, "They are gone."), new KeepRollouts(4, Kept), new ReadRollouts(4, 12), new RolloutsKept(4),
            new RolloutsRead(4, Kept), new RolloutsRead(4, null),
        new LedgerFailed(4, "The disk is full."),
        new NodeHello(Node, 2, 1, "b1", "here", 4711, 1, null), new NodeHello(Node, 3, 1, "b1", "here", 4711, 0, Found),
            new NodeHello(Node, 4, 1, "b1", "here", 4711, 0, Found)
            {
                Hosted = 2,
                Retained = new("/runs/book", "c1", 13, ulong.MaxValue, Record),
            },
            new NodeHeartbeat(Node, long.MaxValue, true, 12, [7, 8]), new NodeLeaves(Node, 6),
            new NodeFailed(Node, 6, "The connection of the data plane ended."),
        new LifeFailed(7, "It threw.", FoundDamage.Own, true), new LifeFailed(7, "Its node does not have it.", null, false) { IsMissing = true },
        new InspectRun(1, 5, "/runs/book", "/data/book"), new NodeAdmitted(1, 2, 6, "127.0.0.1:4054", TimeSpan.FromSeconds(2)),
            new NodeParked(1, 2, 6, TimeSpan.FromSeconds(2)), new NodeRefused(1, "It is another build."), new LeaseRenewed(1, 6),
            new LeaseEnded(1, 6, "No heartbeat of node-1 for 2 s."),
        new StartWorkerLife(1, 6, 7, Worker), new TellWorkerLife(1, 6, 7, new GenerateRollouts(4, Weights, 40, [1, 2], [0, 5], 1)),
        new StartLife(1, 6, 7, Key), new TellLife(1, 6, 7, new LoadState(new SnapshotState(2, 77), 12, 2)), new StopLife(1, 6, 7),
        new CopyRetained(1, 6, 0, 12), new RetainedCopied(Node, 6, 12, null),
            new RetainedCopied(Node, 6, 12, "The state of step 12 is gone."),
        new GetNodes(),
        new NodesStatus(
            [new NodeStatus("node-1", NodeState.Admitted, "here", 4711, "cpu", 1, [Key], 12, 1, "It was killed.", TimeSpan.FromSeconds(1))
            {
                Roles = NodeRoles.Worker | NodeRoles.Rollout,
                Workers = [Worker],
            }],
            2, 3, "It is another build.") { WaitingWorkers = 1 },
    ];
}

using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Training;
using Akka.Actor;

namespace ActorTrain.Chaos.Tests.Schedules;

/// <summary>A kind of message in a kind of actor, or a call of the device of a trainer or worker: something that can be broken.</summary>
/// <param name="Role">Which actors.</param>
/// <param name="Kind">Name of the message's type, or of the device's method.</param>
internal sealed record FaultTarget(string Role, string Kind)
{
    public const string Supervisor = "supervisor", Trainers = "trainers", Trainer = "trainer", Reducer = "reducer",
        Checkpointer = "checkpointer",
        Metrics = "metrics", Journal = "journal", Device = "device", Spikes = "spikes", Rollouts = "rollouts", Sampler = "rollout",
        Reward = "reward", Reference = "reference", Critic = "critic", Ledger = "ledger";

    // What an actor says to itself, its timers and death watch never get lost or overtaken inside a process, in any actor system; they can
    // only find the actor broken.
    private static readonly HashSet<string> NeverLost =
        [nameof(Tick), nameof(Terminated), nameof(ActorGivenUp), "SupervisorReplacement", "Wake", "Work"];

    private static readonly string[] Workers = [Sampler, Reward, Reference, Critic];

    /// <summary>All there are in a run on text, with the faults that each can meet, in an order that is always the same and has no
    /// system.</summary>
    public static IReadOnlyList<(FaultTarget Target, Fault Fault)> OfText { get; } = Shuffled([.. OfTraining()]);

    /// <summary>Those in a run on rollouts, which evaluates nothing.</summary>
    public static IReadOnlyList<(FaultTarget Target, Fault Fault)> OfPolicy { get; } = Shuffled(
        [.. OfTraining().Where(static one => !one.Target.BelongsToEvaluation), .. OfRollouts()]);

    /// <summary>Where the optimizer's state is divided.</summary>
    public static IReadOnlyList<(FaultTarget Target, Fault Fault)> OfDivision { get; } = Shuffled(
    [
        .. Messages(Supervisor, nameof(ShardsUpdated)), .. Messages(Trainer, nameof(UpdateShards)),
        .. Calls(Device, nameof(ITrainerDevice.UpdateShards)),
    ]);

    public bool CanBeLost => !Role.EndsWith(Device, StringComparison.Ordinal) && !NeverLost.Contains(Kind);

    /// <summary>Actors whose thread another takes over when they hang; others come back by themselves.</summary>
    public bool IsReplacedWhenItHangs => Role is Trainer or Reducer || IsWorker;

    private bool BelongsToEvaluation =>
        Kind is nameof(Evaluate) or nameof(EvaluationProgressed) or nameof(Evaluated) or nameof(CancelEvaluation)
            or nameof(ITrainerDevice.EvaluateBatch);

    /// <summary>Whether it is a sampler, a scorer, a reference or a critic.</summary>
    public bool IsWorker => Workers.Contains(Role);

    /// <summary>The kind of actor that a name belongs to; names end with a number, and with another where they have had lives
    /// before.</summary>
    public static string RoleOf(string actor) => actor.Split('-')[0];

    /// <summary>What stands for the device of an actor.</summary>
    public static string DeviceOf(string actor) => RoleOf(actor) is var role && role == Trainer ? Device : $"{role} {Device}";

    public override string ToString() => $"{Role}/{Kind}";

    private static IEnumerable<(FaultTarget Target, Fault Fault)> OfTraining() =>
    [
        .. Messages(
            Supervisor, nameof(JournalRecovered), nameof(Recorded), nameof(JournalAway), nameof(TrainerSupervisorStarted),
            nameof(TrainerStarted), nameof(TrainerLost), nameof(ReducerStarted), nameof(ShardReduced), nameof(CheckpointerStarted),
            nameof(CheckpointSaved), nameof(PublisherStarted), nameof(Published), nameof(MetricsDurable), nameof(StateLoaded),
            nameof(LaneComputed), nameof(BlockComputed), nameof(UpdateApplied), nameof(AtAnotherStep), nameof(StateCopied),
            nameof(EvaluationProgressed), nameof(Evaluated), nameof(BlockRecomputed), nameof(UpdatePreviewed), nameof(SpikeDetectorStarted),
            nameof(StepJudged), nameof(ActorFailed), nameof(ScaleTrainers), nameof(StopRun), nameof(GetStatus), nameof(Tick),
            nameof(Terminated), "SupervisorReplacement"),
        .. Messages(
            Trainers, nameof(TellTrainer), nameof(StartTrainer), nameof(RetireTrainer), nameof(AbandonTrainer), nameof(Terminated), "Wake"),
        .. Messages(
            Trainer, nameof(LoadState), nameof(ComputeLanes), nameof(ApplyUpdate), nameof(CopyState), nameof(RecomputeBlock),
            nameof(PreviewUpdate), nameof(Evaluate), nameof(CancelEvaluation), "Work"),
        .. Messages(Reducer, nameof(AddBlock)),
        .. Messages(Spikes, nameof(JudgeStep)),
        .. Messages(Checkpointer, nameof(SaveCheckpoint), nameof(MarkGood)),
        .. Messages(Metrics, nameof(GoOnAfter), nameof(Publish), nameof(Rewind), nameof(FlushMetrics)),
        .. Messages(Journal, nameof(RecordDecision)),
        .. Calls(
            Device, "Make", nameof(ITrainerDevice.Load), nameof(ITrainerDevice.ComputeLanes), nameof(ITrainerDevice.Publish),
            nameof(ITrainerDevice.Preview), nameof(ITrainerDevice.Apply), nameof(ITrainerDevice.Copy),
            nameof(ITrainerDevice.EvaluateBatch)),
    ];

    private static IEnumerable<(FaultTarget, Fault)> OfRollouts() =>
    [
        .. Messages(
            Supervisor, nameof(RolloutsStarted), nameof(ExperienceProgressed), nameof(ExperiencePrepared), nameof(WeightsRefused),
            nameof(WorkerLost), nameof(WorkerCorrupted)),
        .. Messages(
            Rollouts, nameof(PrepareExperience), nameof(WorkerProgressed), nameof(RolloutDone), nameof(RewardsScored),
            nameof(ReferencesScored), nameof(ValuesEstimated), nameof(WeightsMissing), nameof(RolloutsRead), nameof(RolloutsKept),
            nameof(Terminated), "Wake"),
        .. Messages(Sampler, nameof(GenerateRollouts), nameof(ForgetRollouts), "Work"),
        .. ((string[])[Reward, Reference, Critic]).SelectMany(
            static role => Messages(role, nameof(JudgeRollouts), nameof(ForgetRollouts), "Work")),
        .. Workers.SelectMany(
            static role => Calls(DeviceOf(role), "Make", nameof(IWorkerDevice.Begin), nameof(IWorkerDevice.Advance))),
        .. Messages(Ledger, nameof(KeepRollouts), nameof(ReadRollouts)),
    ];

    private static IEnumerable<(FaultTarget, Fault)> Messages(string role, params string[] kinds) =>
        from target in kinds.Select(kind => new FaultTarget(role, kind))
        from fault in Enum.GetValues<Fault>()
        where fault != Fault.None && (target.CanBeLost || fault is not (Fault.Drop or Fault.Defer))
        select (target, fault);

    private static IEnumerable<(FaultTarget, Fault)> Calls(string role, params string[] calls) =>
        from call in calls
        from fault in (Fault[])[Fault.Throw, Fault.ThrowAfter]
        select (new FaultTarget(role, call), fault);

    private static (FaultTarget, Fault)[] Shuffled((FaultTarget, Fault)[] all)
    {
        new Random(1).Shuffle(all);
        return all;
    }
}

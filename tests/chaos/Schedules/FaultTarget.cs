using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Training;
using Akka.Actor;

namespace ActorTrain.Chaos.Tests.Schedules;

/// <summary>A kind of message in a kind of actor, or a call of a trainer's device: something that can be broken.</summary>
/// <param name="Role">Which actors.</param>
/// <param name="Kind">Name of the message's type, or of the device's method.</param>
internal sealed record FaultTarget(string Role, string Kind)
{
    public const string Supervisor = "supervisor", Trainers = "trainers", Trainer = "trainer", Reducer = "reducer",
        Checkpointer = "checkpointer",
        Metrics = "metrics", Journal = "journal", Device = "device", Spikes = "spikes";

    // What an actor says to itself, its timers and death watch never get lost or overtaken inside a process, in any actor system; they can
    // only find the actor broken.
    private static readonly HashSet<string> NeverLost =
        [nameof(Tick), nameof(Terminated), nameof(ActorGivenUp), "SupervisorReplacement", "Wake", "Work"];

    /// <summary>All there are, with the faults that each can meet, in an order that is always the same and has no system.</summary>
    public static IReadOnlyList<(FaultTarget Target, Fault Fault)> All { get; } = Every();

    public bool CanBeLost => Role != Device && !NeverLost.Contains(Kind);

    /// <summary>Actors whose thread another takes over when they hang; others come back by themselves.</summary>
    public bool IsReplacedWhenItHangs => Role is Trainer or Reducer;

    /// <summary>The kind of actor that a name belongs to; names end with a number, and with another where they have had lives
    /// before.</summary>
    public static string RoleOf(string actor) => actor.Split('-')[0];

    public override string ToString() => $"{Role}/{Kind}";

    private static (FaultTarget, Fault)[] Every()
    {
        var all = new List<(FaultTarget, Fault)>();
        Add(
            Supervisor, nameof(JournalRecovered), nameof(Recorded), nameof(JournalAway), nameof(TrainerSupervisorStarted),
                nameof(TrainerStarted), nameof(TrainerLost),
            nameof(ReducerStarted), nameof(ShardReduced), nameof(CheckpointerStarted), nameof(CheckpointSaved), nameof(PublisherStarted),
                nameof(Published),
            nameof(MetricsDurable), nameof(StateLoaded), nameof(LaneComputed), nameof(BlockComputed), nameof(UpdateApplied),
                nameof(AtAnotherStep), nameof(StateCopied),
            nameof(EvaluationProgressed), nameof(Evaluated), nameof(BlockRecomputed), nameof(UpdatePreviewed), nameof(SpikeDetectorStarted),
                nameof(StepJudged), nameof(ActorFailed), nameof(ScaleTrainers), nameof(StopRun), nameof(GetStatus), nameof(Tick),
                nameof(Terminated),
            "SupervisorReplacement");
        Add(Trainers, nameof(TellTrainer), nameof(StartTrainer), nameof(RetireTrainer), nameof(AbandonTrainer), nameof(Terminated), "Wake");
        Add(Trainer, nameof(LoadState), nameof(ComputeLanes), nameof(ApplyUpdate), nameof(CopyState), nameof(RecomputeBlock),
            nameof(PreviewUpdate), nameof(Evaluate), nameof(CancelEvaluation), "Work");
        Add(Reducer, nameof(AddBlock));
        Add(Spikes, nameof(JudgeStep));
        Add(Checkpointer, nameof(SaveCheckpoint), nameof(MarkGood));
        Add(Metrics, nameof(GoOnAfter), nameof(Publish), nameof(Rewind), nameof(FlushMetrics));
        Add(Journal, nameof(RecordDecision));
        foreach (
            var call in (string[])["Make", nameof(ITrainerDevice.Load), nameof(ITrainerDevice.ComputeLanes), nameof(ITrainerDevice.Publish),
            nameof(ITrainerDevice.Preview), nameof(ITrainerDevice.Apply), nameof(ITrainerDevice.Copy),
            nameof(ITrainerDevice.EvaluateBatch)])
            all.AddRange([(new(Device, call), Fault.Throw), (new(Device, call), Fault.ThrowAfter)]);
        var shuffled = all.ToArray();
        new Random(1).Shuffle(shuffled);
        return shuffled;

        void Add(string role, params string[] kinds)
        {
            foreach (var target in kinds.Select(kind => new FaultTarget(role, kind)))
                all.AddRange(Enum.GetValues<Fault>().Where(fault => fault != Fault.None
                    && (target.CanBeLost || fault is not (Fault.Drop or Fault.Defer))).Select(fault => (target, fault)));
        }
    }
}

using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Recovery;
using ActorTrain.Models;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Run;

/// <summary>States that trainers can take over: snapshots in memory, checkpoints on disk, and the first weights.</summary>
internal sealed class KeptStates
{
    private readonly List<RunOrigin> origins = [RunOrigin.Seed];

    /// <summary>Continues with what there is.</summary>
    /// <param name="decisions">What was abandoned is not continued from.</param>
    /// <param name="interventions">A state without one of them that was in force before it was abandoned too.</param>
    public KeptStates(int slots, RecoveryState recovery, Decisions decisions, Interventions interventions)
    {
        origins.AddRange(recovery.Origins.Where(origin => origin.WeightsHash is not null && !decisions.History.IsVoid(origin)));
        Snapshots = new SnapshotSlots(slots, recovery.Held.Where(held => held.Overrides.Holds(interventions.All, held.Step)));
    }

    public SnapshotSlots Snapshots { get; }

    /// <summary>The first weights, and after them checkpoints by step.</summary>
    public IReadOnlyList<RunOrigin> Origins => origins;

    /// <summary>The newest checkpoint, or the first weights.</summary>
    public RunOrigin Origin => origins[^1];

    /// <summary>The newest state, and its overrides.</summary>
    public (long Step, RunOverrides Overrides) Newest =>
        Snapshots.Newest is { } snapshot && snapshot.Step >= Origin.Step ? (snapshot.Step, snapshot.Overrides)
            : (Origin.Step, Origin.Overrides);

    /// <summary>The newest state, if it is of a step or a later one; null: it is older.</summary>
    public (StateSource Source, long Step)? NewestSince(long step)
    {
        if (Snapshots.Newest is { } snapshot && snapshot.Step >= Origin.Step)
            return snapshot.Step >= step ? (new SnapshotState(snapshot.Slot, snapshot.Hash), snapshot.Step) : null;
        return Origin.Step >= step ? (Origin.WeightsHash is null ? new FreshState() : new CheckpointState(), Origin.Step) : null;
    }

    /// <summary>The newest state of a step or an earlier one.</summary>
    public (StateKind Kind, long Step) NewestUntil(long step)
    {
        var snapshot = Snapshots.Held.FirstOrDefault(held => held.Step <= step);
        var origin = origins.Last(origin => origin.Step <= step);
        return snapshot is not null && snapshot.Step >= origin.Step ? (StateKind.Snapshot, snapshot.Step)
            : origin.WeightsHash is not null ? (StateKind.Checkpoint, origin.Step)
            : (StateKind.Seed, 0L);
    }

    /// <summary>The overrides of the kept state of a step.</summary>
    public RunOverrides OverridesAt(long step) =>
        Snapshots.Newest is { } snapshot && snapshot.Step == step ? snapshot.Overrides
            : origins.Last(origin => origin.Step == step).Overrides;

    /// <summary>Where the newest state of a step is kept.</summary>
    public StateKind KindOf(long step) =>
        Snapshots.Newest?.Step == step ? StateKind.Snapshot : step == 0 ? StateKind.Seed : StateKind.Checkpoint;

    /// <summary>Whether the state of a step is on disk, or is that of the first weights.</summary>
    public bool IsOnDisk(long step) => step == 0 || origins.Exists(origin => origin.Step == step);

    /// <summary>A checkpoint is complete on disk.</summary>
    /// <param name="kept">Steps of those that are there beside it.</param>
    public void Add(RunOrigin saved, IReadOnlyList<long> kept)
    {
        if (saved.WeightsHash is null)
            throw new InvariantException($"The checkpoint of step {saved.Step} has no hash.");
        origins.RemoveAll(origin => origin.WeightsHash is not null && (origin.Step == saved.Step || !kept.Contains(origin.Step)));
        origins.Add(saved);
    }

    /// <summary>The states of later steps are abandoned.</summary>
    public void ForgetAfter(long step)
    {
        origins.RemoveAll(later => later.Step > step);
        Snapshots.DropAfter(step);
        if (Newest.Step > step)
            throw new InvariantException($"The state of step {Newest.Step} was kept, but the run rolls back to step {step}.");
    }

    /// <summary>Somebody takes a state over.</summary>
    public void Hold(StateSource source)
    {
        if (source is SnapshotState snapshot)
            Snapshots.Pin(snapshot.Slot);
    }

    /// <summary>A trainer has taken its state over, or does not any more.</summary>
    public void Release(LoadState? loading)
    {
        if (loading?.Source is SnapshotState snapshot)
            Snapshots.Unpin(snapshot.Slot);
    }

    /// <summary>Nothing that a trainer was taking over or copying is needed for it any longer.</summary>
    public void Release(TrainerEntry trainer)
    {
        Release(trainer.Loading);
        if (trainer.Copying is { } copy)
            Snapshots.Unpin(copy.Slot);
    }

    /// <summary>A state that somebody held turned out to be damaged.</summary>
    public void Discard(LoadState loading)
    {
        Release(loading);
        if (loading.Source is SnapshotState snapshot)
            Snapshots.Drop(snapshot.Slot);
        else if (loading.Source is CheckpointState)
            origins.RemoveAll(origin => origin.WeightsHash is not null && origin.Step == loading.Step);
    }
}

using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Run;

/// <summary>Gives states to trainers without one, and the updates to catch up.</summary>
internal sealed class StateTransfer(
    RunOutput output, RunEnd end, FaultCounts faults, Decisions decisions, TrainerRoster roster, RunProgress progress, KeptStates states,
    Rounds rounds, Saving saving, Rollback rollback, Membership membership)
{
    // Number of the last load order.
    private long loads;

    /// <summary>Loads into each trainer without a state the newest one from which the kept totals can catch up; otherwise a member copies
    /// its own, and without a member, steps are redone.</summary>
    public void GiveStates()
    {
        if (end.IsOver || rounds.Owners.AreAwaited)
            return;
        TakeStates();
        List<TrainerEntry> waiting =
            [.. roster.All.Where(static trainer => trainer is { Key: not null, HasState: false, IsRetiring: false })];
        if (waiting.Count == 0)
            return;
        if (Near is { } near)
        {
            Load(waiting, near.Source, near.Step);
        }
        else if (roster.All.Any(static trainer => trainer.HasState))
        {
            saving.RequestCopy();
        }
        else
        {
            var (source, step) = states.NewestSince(0)!.Value;
            Rewind(source, step);
            Load(waiting, source, step);
        }
    }

    /// <summary>Handles a completed load.</summary>
    /// <returns>Whether the trainer takes part now; answers to older orders are ignored.</returns>
    public bool Complete(TrainerEntry trainer, StateLoaded loaded)
    {
        if (trainer.Loading is not { } loading || loading.Number != loaded.Number)
            return false;
        states.Release(loading);
        (trainer.Loading, trainer.Step, trainer.Standing) = (null, loading.Step, TrainerStanding.Member);
        decisions.Record(new TrainerJoined(output.Now, progress.Step, trainer.Key!.Value.Id, roster.NextGeneration()));
        return true;
    }

    /// <summary>Handles a failed load: that state is not loaded again. Without initial weights there is nothing to begin with.</summary>
    public void Refuse(TrainerEntry trainer, StateRefused refused)
    {
        if (trainer.Loading is not { } loading || loading.Number != refused.Number)
            return;
        output.Warn($"{trainer.Key} could not load the state of step {loading.Step}: {refused.Reason}");
        faults.Add(trainer.Key!.Value.Id, refused.Reason);
        states.Discard(loading);
        if (loading.Source is FreshState)
            end.Fail(refused.Reason);
        (trainer.Loading, trainer.Step, trainer.ToldStep, trainer.Standing) = (null, -1, -1, TrainerStanding.Starting);
    }

    // The newest state from which the kept totals can catch up.
    private (StateSource Source, long Step)? Near => states.NewestSince(rounds.Updates.Oldest ?? progress.Step);

    // Of a divided optimizer: from those who are to own other shards, once there is a state to load; from all, if a shard is lost.
    private void TakeStates()
    {
        var owners = rounds.Owners;
        if (!owners.AreDivided)
            return;
        if (owners.HaveLostAnUpdate)
            rollback.GoBack(progress.Step, "No trainer is left that can update all shards.");
        foreach (var trainer in owners.Spoilt())
            membership.TakeState(trainer, "The update of its shards was abandoned.");
        if (Near is null && !owners.HoldAll)
        {
            foreach (var trainer in roster.All.Where(static trainer => trainer.HasState))
                membership.TakeState(trainer, "No trainer has the optimizer's state of all shards any more.");
        }

        var misplaced = owners.Misplaced();
        if (misplaced.Count > 0 && Near is null)
            saving.RequestCopy();
        foreach (var trainer in Near is null ? [] : misplaced)
            membership.TakeState(trainer, "It is to own other shards of the optimizer's state.");
    }

    private void Load(IEnumerable<TrainerEntry> waiting, StateSource source, long step)
    {
        if (step > progress.Step)
            throw new InvariantException($"A run at step {progress.Step} has no state of step {step}.");
        foreach (var trainer in waiting)
        {
            if (trainer.HasState)
                throw new InvariantException($"{trainer.Key} is given a state at step {trainer.ToldStep}, and has one.");
            states.Hold(source);
            trainer.Standing = TrainerStanding.Joining;
            trainer.Shards = rounds.Owners.ShareOf(trainer);
            trainer.Loading = new LoadState(source, step, ++loads) { Shards = trainer.Shards };
            trainer.ToldStep = step;
            roster.Tell(trainer, trainer.Loading);
            foreach (var update in rounds.Updates.Between(step))
            {
                roster.Tell(trainer, update);
                trainer.ToldStep = Math.Max(trainer.ToldStep, update.Round.Step + 1);
            }
        }
    }

    private void Rewind(StateSource source, long step)
    {
        var kind = source switch { SnapshotState => StateKind.Snapshot, CheckpointState => StateKind.Checkpoint, _ => StateKind.Seed };
        if (step < progress.Step)
        {
            decisions.Record(new RunRewound(output.Now, step, progress.Step, kind));
            output.Warn($"no trainer holds the state of step {progress.Step} any more; "
                + $"restoring the {RunEventWords.InWords(kind)} at step {step}.");
        }

        rollback.Return(step, "No trainer holds the newest state any more.");
    }
}

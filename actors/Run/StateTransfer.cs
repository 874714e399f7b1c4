using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Run;

/// <summary>Gives states to trainers that have none, and the updates that bring these up to date.</summary>
internal sealed class StateTransfer(
    RunOutput output, RunEnd end, FaultCounts faults, Decisions decisions, TrainerRoster roster, RunProgress progress, KeptStates states,
        Rounds rounds, Saving saving, Rollback rollback)
{
    // Each order to take a state over has a number of its own.
    private long loads;

    /// <summary>A trainer without a state gets the newest that the totals at hand bring up to date; else a member copies its own; and where
    /// no member is left, steps are taken again.</summary>
    public void GiveStates()
    {
        if (end.IsOver)
            return;
        List<TrainerEntry> waiting =
            [.. roster.All.Where(static trainer => trainer is { Key: not null, HasState: false, IsRetiring: false })];
        if (waiting.Count == 0)
            return;
        if (states.NewestSince(rounds.Updates.Oldest ?? progress.Step) is { } near)
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

    /// <summary>A trainer has taken over the state that it was given.</summary>
    /// <returns>Whether it takes part now; an answer to an older order changes nothing.</returns>
    public bool Complete(TrainerEntry trainer, StateLoaded loaded)
    {
        if (trainer.Loading is not { } loading || loading.Number != loaded.Number)
            return false;
        states.Release(loading);
        (trainer.Loading, trainer.Step, trainer.Standing) = (null, loading.Step, TrainerStanding.Member);
        decisions.Record(new TrainerJoined(output.Now, progress.Step, trainer.Key!.Value.Id, roster.NextGeneration()));
        return true;
    }

    /// <summary>A trainer could not load its state: no other is given that state again.</summary>
    public void Refuse(TrainerEntry trainer, StateRefused refused)
    {
        if (trainer.Loading is not { } loading || loading.Number != refused.Number)
            return;
        output.Warn($"{trainer.Key} could not load the state of step {loading.Step}: {refused.Reason}");
        faults.Add(trainer.Key!.Value.Id, refused.Reason);
        states.Discard(loading);
        (trainer.Loading, trainer.Step, trainer.ToldStep, trainer.Standing) = (null, -1, -1, TrainerStanding.Starting);
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
            trainer.Loading = new LoadState(source, step, ++loads);
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

using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Snapshots;
using ActorTrain.Models;
using ActorTrain.Persistence.Checkpoints;

namespace ActorTrain.Actors.Checkpoints;

/// <summary>Saves each snapshot once, however often requested; reports only what is durable.</summary>
public sealed class CheckpointSaving(ICheckpointDisk disk)
{
    private CheckpointSaved? last;
    private long newest;

    /// <summary>Saves to the run's directory.</summary>
    public CheckpointSaving(CheckpointStore store, SnapshotMemory memory, CheckpointerOptions options)
        : this(new CheckpointDirectory(store, memory, options))
    {
    }

    /// <summary>Saves a snapshot, or reports that it is already saved.</summary>
    /// <returns>Null if a newer save was requested.</returns>
    /// <exception cref="InvariantException">Two saves have the same number, or a saved checkpoint is missing.</exception>
    public CheckpointReport? Save(SaveCheckpoint command)
    {
        ArgumentNullException.ThrowIfNull(command);
        if (last?.Number == command.Number)
        {
            return last.Step == command.Step
                ? last
                : throw new InvariantException($"Save {command.Number} is of step {last.Step}, and of step {command.Step}.");
        }

        if (command.Number < newest)
            return null;
        newest = command.Number;
        try
        {
            foreach (var (step, good) in command.History.Good)
                Mark(new MarkGood(step, good.WeightsHash, good.ProvedAt!.Value));

            // An earlier incarnation of the actor may have written it without reporting it. The same step with the same overrides can still
            // be another state, if the run rolled back because of wrong bits.
            if (disk.Find(command) is { } saved)
                return Announce(command, saved);
            using var writing = disk.Write(command);
            if (writing is null)
                return Damaged(command, $"The snapshot of step {command.Step} is no longer in memory.");

            // What the snapshot holds was read for the files and is hashed now: a bit that flipped before the files had it shows.
            if (writing.Damage() is { } damage)
                return Damaged(command, damage);
            writing.Sync();
            writing.Name(command.History);
            return Announce(command, writing.WeightsHash);
        }
        catch (UserErrorException error)
        {
            return new CheckpointFailed(command.Number, command.Step, error.Message);
        }
    }

    /// <summary>Records that a checkpoint is good; on a disk error, the next save records it.</summary>
    public void Mark(MarkGood command)
    {
        ArgumentNullException.ThrowIfNull(command);
        try
        {
            disk.MarkGood(command);
        }
        catch (UserErrorException)
        {
        }
    }

    private static CheckpointFailed Damaged(SaveCheckpoint command, string reason) =>
        new(command.Number, command.Step, reason) { IsSnapshotDamaged = true };

    private CheckpointSaved Announce(SaveCheckpoint command, string weightsHash)
    {
        var kept = disk.Steps();
        if (!kept.Contains(command.Step))
            throw new InvariantException($"The checkpoint of step {command.Step} was saved, and is not there.");
        return last = new CheckpointSaved(command.Number, command.Step, weightsHash, kept);
    }
}

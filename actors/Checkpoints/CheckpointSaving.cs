using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Snapshots;
using ActorTrain.Models;
using ActorTrain.Persistence.Checkpoints;

namespace ActorTrain.Actors.Checkpoints;

/// <summary>Saves snapshots of the memory, each once, however often it is asked for, and announces what is durable alone.</summary>
/// <param name="disk">Where they are saved.</param>
public sealed class CheckpointSaving(ICheckpointDisk disk)
{
    private CheckpointSaved? last;
    private long newest;

    /// <summary>Saves to the run's directory.</summary>
    /// <param name="store">Where checkpoints go; nobody else commits to it.</param>
    /// <param name="memory">Where snapshots lie.</param>
    /// <param name="options">What each checkpoint says of the run.</param>
    public CheckpointSaving(CheckpointStore store, SnapshotMemory memory, CheckpointerOptions options)
        : this(new CheckpointDirectory(store, memory, options))
    {
    }

    /// <summary>Saves a snapshot, or says that it is saved.</summary>
    /// <returns>What came of it; null where the slot holds another state by now or a newer save was asked for, so that nobody waits for
    /// this one any more.</returns>
    /// <exception cref="InvariantException">Two saves have one number, or what was saved is not there.</exception>
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

            // An earlier incarnation of the actor may have written it without reporting it. The same step with the same overrides may yet
            // be another state, where the run rolled back because its bits were wrong.
            if (disk.Find(command) is { } saved)
                return Announce(command, saved);
            using var writing = disk.Write(command);
            if (writing is null)
                return null;

            // What the snapshot holds was read for the files and is hashed now: a bit that flipped before the files had it shows.
            if (writing.Damage() is { } damage)
                return new CheckpointFailed(command.Number, command.Step, damage) { IsSnapshotDamaged = true };
            writing.Sync();
            writing.Name(command.History);
            return Announce(command, writing.WeightsHash);
        }
        catch (UserErrorException error)
        {
            return new CheckpointFailed(command.Number, command.Step, error.Message);
        }
    }

    /// <summary>Notes that a checkpoint has proved good. Where the disk refuses, the next save notes it.</summary>
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

    private CheckpointSaved Announce(SaveCheckpoint command, string weightsHash)
    {
        var kept = disk.Steps();
        if (!kept.Contains(command.Step))
            throw new InvariantException($"The checkpoint of step {command.Step} was saved, and is not there.");
        return last = new CheckpointSaved(command.Number, command.Step, weightsHash, kept);
    }
}

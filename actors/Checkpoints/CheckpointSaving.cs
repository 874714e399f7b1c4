using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Snapshots;
using ActorTrain.Models;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Checkpoints;

/// <summary>Writes snapshots of the memory to disk, each once, however often it is asked for.</summary>
/// <param name="store">Where checkpoints go; nobody else commits to it.</param>
/// <param name="memory">Where snapshots lie.</param>
/// <param name="options">What each checkpoint says of the run.</param>
public sealed class CheckpointSaving(CheckpointStore store, SnapshotMemory memory, CheckpointerOptions options)
{
    private CheckpointSaved? last;
    private long newest;

    /// <summary>Saves a snapshot, or says that it is saved.</summary>
    /// <returns>What came of it; null where the slot holds another state by now or a newer save was asked for, so that nobody waits for this one any
    /// more.</returns>
    public CheckpointReport? Save(SaveCheckpoint command)
    {
        ArgumentNullException.ThrowIfNull(command);
        if (last?.Number == command.Number)
            return last;
        if (command.Number < newest)
            return null;
        newest = command.Number;
        var isDamaged = false;
        try
        {
            foreach (var (step, good) in command.History.Good)
                Mark(new MarkGood(step, good.WeightsHash, good.ProvedAt!.Value));
            if (FindSaved(command) is { } saved)
                return last = Saved(command, saved);
            using var snapshot = memory.Read(command.Slot);
            if (snapshot is null || snapshot.Step != command.Step || snapshot.Hash != command.Hash)
                return null;
            var facts = options.FactsOf(command);
            var content = new CheckpointContent(facts, options.Layout, snapshot.Weights, snapshot.FirstMoment, snapshot.SecondMoment)
            {
                // What the snapshot holds is read for the files and then hashed: a bit that flipped before the files had it shows.
                BeforeNaming = () =>
                {
                    if (snapshot.Damage() is not { } damage)
                        return;
                    isDamaged = true;
                    throw new UserErrorException(damage);
                },
            };
            return last = Saved(command, store.Commit(content, IsLeft));
        }
        catch (UserErrorException error)
        {
            return new CheckpointFailed(command.Number, command.Step, error.Message) { IsSnapshotDamaged = isDamaged };
        }

        bool IsLeft(CheckpointManifest other) => other.Facts.ConfigurationHash == options.ConfigurationHash && command.History.IsVoid(other);
    }

    /// <summary>Notes that a checkpoint has proved good. Where the disk refuses, the next save notes it.</summary>
    public void Mark(MarkGood command)
    {
        ArgumentNullException.ThrowIfNull(command);
        try
        {
            store.MarkGood(command.Step, command.WeightsHash, command.ProvedAt);
        }
        catch (UserErrorException)
        {
        }
    }

    private CheckpointSaved Saved(SaveCheckpoint command, CheckpointManifest manifest) =>
        new(command.Number, command.Step, manifest.WeightsHash, [.. store.List().Where(static info => info.Manifest is not null).Select(static info => info.Step)]);

    // An earlier life of the actor may have been done with it before it could say so. The same step with the same overrides may yet be another state,
    // where the run rolled back because its bits were not right.
    private CheckpointManifest? FindSaved(SaveCheckpoint command) =>
        store.List().FirstOrDefault(info => info.Step == command.Step) is { Manifest: { Facts: var facts } manifest } found
        && facts.ConfigurationHash == options.ConfigurationHash
        && facts.State.GetValueOrDefault(CheckpointerOptions.StateHashKey) == CheckpointerOptions.Write(command.Hash)
        && RunOrigin.Of(manifest).Overrides.Equals(command.Overrides) && CheckpointArchive.Verify(found) is null
            ? manifest
            : null;
}

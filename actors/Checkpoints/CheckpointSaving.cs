using ActorTrain.Actors.Run;
using ActorTrain.Actors.Snapshots;
using ActorTrain.Models;
using ActorTrain.Persistence.Checkpoints;

namespace ActorTrain.Actors.Checkpoints;

/// <summary>Writes snapshots of the memory to disk, each once, however often it is asked for.</summary>
/// <param name="store">Where checkpoints go; nobody else commits to it.</param>
/// <param name="memory">Where snapshots lie.</param>
/// <param name="options">What each checkpoint says of the run.</param>
public sealed class CheckpointSaving(CheckpointStore store, SnapshotMemory memory, CheckpointerOptions options)
{
    private CheckpointSaved? last;

    /// <summary>Saves a snapshot, or says that it is saved.</summary>
    /// <returns>What came of it; null where the slot holds another state by now, so that nobody waits for this one any more.</returns>
    public CheckpointReport? Save(SaveCheckpoint command)
    {
        ArgumentNullException.ThrowIfNull(command);
        if (last?.Step == command.Step)
            return last;
        try
        {
            if (FindSaved(command) is { } saved)
                return last = saved;
            using var snapshot = memory.Read(command.Slot);
            if (snapshot is null || snapshot.Step != command.Step)
                return null;
            var facts = options.FactsOf(command.Step, command.Course);
            var content = new CheckpointContent(facts, options.Layout, snapshot.Weights, snapshot.FirstMoment, snapshot.SecondMoment)
            {
                // What the snapshot holds is read for the files and then hashed: a bit that flipped before the files had it shows.
                BeforeNaming = () =>
                {
                    if (snapshot.Damage() is { } damage)
                        throw new UserErrorException(damage);
                },
            };
            var manifest = store.Commit(content);
            return last = new CheckpointSaved(command.Step, manifest.WeightsHash);
        }
        catch (UserErrorException error)
        {
            return new CheckpointFailed(command.Step, error.Message);
        }
    }

    // An earlier life of the actor may have been done with it before it could say so.
    private CheckpointSaved? FindSaved(SaveCheckpoint command) =>
        store.List().FirstOrDefault(info => info.Step == command.Step) is { Manifest: { } manifest } found
        && manifest.Facts.ConfigurationHash == options.ConfigurationHash && RunOrigin.Of(manifest).Course.Equals(command.Course)
        && CheckpointArchive.Verify(found) is null
            ? new CheckpointSaved(command.Step, manifest.WeightsHash)
            : null;
}

using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Snapshots;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Checkpoints;

/// <summary>Saves snapshots as checkpoints in the run's directory.</summary>
/// <param name="store">Nothing else commits to it.</param>
/// <param name="options">Facts that every checkpoint records about the run.</param>
internal sealed class CheckpointDirectory(CheckpointStore store, SnapshotMemory memory, CheckpointerOptions options) : ICheckpointDisk
{
    public IReadOnlyList<long> Steps() =>
        [.. store.List().Where(static info => info.Manifest is not null).Select(static info => info.Step)];

    public string? Find(SaveCheckpoint save) =>
        store.List().FirstOrDefault(info => info.Step == save.Step) is { Manifest: { Facts: var facts } manifest } found
        && facts.ConfigurationHash == options.ConfigurationHash
        && facts.State.GetValueOrDefault(CheckpointerOptions.StateHashKey) == CheckpointerOptions.Write(save.Hash)
        && RunOrigin.Of(manifest).Overrides.Equals(save.Overrides) && CheckpointArchive.Verify(found) is null
            ? manifest.WeightsHash
            : null;

    public ICheckpointWriting? Write(SaveCheckpoint save)
    {
        var snapshot = memory.Read(save.Slot);
        try
        {
            if (snapshot is null || snapshot.Step != save.Step || snapshot.Hash != save.Hash)
                return null;
            var content = new CheckpointContent(
                options.FactsOf(save), options.Layout, snapshot.Weights, snapshot.FirstMoment, snapshot.SecondMoment);
            var writing = new Writing(snapshot, store.Write(content), options.ConfigurationHash);
            snapshot = null;
            return writing;
        }
        finally
        {
            snapshot?.Dispose();
        }
    }

    public void MarkGood(MarkGood good) => store.MarkGood(good.Step, good.WeightsHash, good.ProvedAt);

    private sealed class Writing(SnapshotReader snapshot, PendingCheckpoint pending, string configurationHash) : ICheckpointWriting
    {
        public string WeightsHash => pending.Manifest.WeightsHash;

        public string? Damage() => snapshot.Damage();

        public void Sync() => pending.Sync();

        public void Name(CheckpointHistory history) =>
            pending.Name(other => other.Facts.ConfigurationHash == configurationHash && history.IsVoid(other));

        public void Dispose()
        {
            pending.Dispose();
            snapshot.Dispose();
        }
    }
}

namespace Akka.Persistence.Snapshot;

/// <summary>A snapshot store in the memory of its actor system.</summary>
public class MemorySnapshotStore : SnapshotStore
{
    private readonly List<SelectedSnapshot> snapshots = [];

    /// <inheritdoc/>
    protected override Task<SelectedSnapshot> LoadAsync(string persistenceId, SnapshotSelectionCriteria criteria, CancellationToken cancellationToken) => Task.FromResult(
        snapshots.Where(snapshot => snapshot.Metadata.PersistenceId == persistenceId && criteria.Includes(snapshot.Metadata))
            .MaxBy(static snapshot => snapshot.Metadata.SequenceNr));

    /// <inheritdoc/>
    protected override Task SaveAsync(SnapshotMetadata metadata, object snapshot, CancellationToken cancellationToken)
    {
        snapshots.RemoveAll(other => other.Metadata.PersistenceId == metadata.PersistenceId
            && other.Metadata.SequenceNr == metadata.SequenceNr);
        snapshots.Add(new SelectedSnapshot(metadata, snapshot));
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected override Task DeleteAsync(SnapshotMetadata metadata, CancellationToken cancellationToken)
    {
        snapshots.RemoveAll(snapshot => snapshot.Metadata.PersistenceId == metadata.PersistenceId
            && snapshot.Metadata.SequenceNr == metadata.SequenceNr
            && (metadata.Timestamp == DateTime.MinValue || snapshot.Metadata.Timestamp <= metadata.Timestamp));
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected override Task DeleteAsync(string persistenceId, SnapshotSelectionCriteria criteria, CancellationToken cancellationToken)
    {
        snapshots.RemoveAll(snapshot => snapshot.Metadata.PersistenceId == persistenceId && criteria.Includes(snapshot.Metadata));
        return Task.CompletedTask;
    }
}

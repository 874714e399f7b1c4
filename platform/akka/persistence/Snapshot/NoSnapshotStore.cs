namespace Akka.Persistence.Snapshot;

/// <summary>Stands in where no snapshot store is configured: it finds nothing, and all else fails.</summary>
public sealed class NoSnapshotStore : SnapshotStore
{
    /// <summary>No snapshot store is configured.</summary>
    public class NoSnapshotStoreException : Exception
    {
        /// <summary>With what was asked of it.</summary>
        public NoSnapshotStoreException(string message)
            : base(message)
        {
        }
    }

    /// <inheritdoc/>
    protected override Task<SelectedSnapshot> LoadAsync(string persistenceId, SnapshotSelectionCriteria criteria, CancellationToken cancellationToken) =>
        Task.FromResult<SelectedSnapshot>(null);

    /// <inheritdoc/>
    protected override Task SaveAsync(SnapshotMetadata metadata, object snapshot, CancellationToken cancellationToken) => Fail();

    /// <inheritdoc/>
    protected override Task DeleteAsync(SnapshotMetadata metadata, CancellationToken cancellationToken) => Fail();

    /// <inheritdoc/>
    protected override Task DeleteAsync(string persistenceId, SnapshotSelectionCriteria criteria, CancellationToken cancellationToken) => Fail();

    private static Task Fail() => Task.FromException(new NoSnapshotStoreException("No snapshot store configured; set akka.persistence.snapshot-store.plugin."));
}

using Akka.Actor;
using Akka.Configuration;
using Akka.Persistence.Snapshot;
using Akka.Persistence.Sql.Storage;

namespace Akka.Persistence.Sql.Snapshot;

/// <summary>A snapshot store in an SQL database.</summary>
public class SqlSnapshotStore : SnapshotStore
{
    private readonly PayloadSerialization serialization;
    private readonly SnapshotStorage store;

    /// <summary>Reads the keys below <c>akka.persistence.snapshot-store.sql</c>.</summary>
    /// <exception cref="ConfigurationException">The provider or the table mapping is unknown, or the connection string is
    /// missing.</exception>
    public SqlSnapshotStore(Config snapshotConfig)
    {
        var settings = new SqlPluginSettings(snapshotConfig.WithFallback(SqlPersistence.DefaultConfiguration.GetConfig(SqlPersistence.SnapshotStoreConfigPath)), SqlTables.Snapshot);
        serialization = new PayloadSerialization((ExtendedActorSystem)Context.System, settings.Serializer);
        store = new SnapshotStorage(settings.Open, settings.BufferSize);
    }

    /// <inheritdoc/>
    protected override async Task<SelectedSnapshot> LoadAsync(string persistenceId, SnapshotSelectionCriteria criteria, CancellationToken cancellationToken)
    {
        var row = await store.NewestAsync(Range(persistenceId, criteria)).ConfigureAwait(false);
        return row is null ? null : new SelectedSnapshot(
            new SnapshotMetadata(row.PersistenceId, row.SequenceNr, new DateTime(row.Created, DateTimeKind.Utc)),
            serialization.Deserialize(row.Payload, row.SerializerId, row.Manifest));
    }

    /// <inheritdoc/>
    protected override Task SaveAsync(SnapshotMetadata metadata, object snapshot, CancellationToken cancellationToken)
    {
        var (bytes, manifest, serializerId) = serialization.Serialize(snapshot);
        return store.SaveAsync(new SnapshotRow(metadata.PersistenceId, metadata.SequenceNr, metadata.Timestamp.Ticks, bytes, manifest,
            serializerId));
    }

    /// <inheritdoc/>
    protected override Task DeleteAsync(SnapshotMetadata metadata, CancellationToken cancellationToken) => store.DeleteAsync(new SnapshotRange(
        metadata.PersistenceId, metadata.SequenceNr, metadata.SequenceNr, 0,
        metadata.Timestamp == DateTime.MinValue ? long.MaxValue : metadata.Timestamp.Ticks));

    /// <inheritdoc/>
    protected override Task DeleteAsync(string persistenceId, SnapshotSelectionCriteria criteria, CancellationToken cancellationToken) =>
        store.DeleteAsync(Range(persistenceId, criteria));

    /// <inheritdoc/>
    protected override void PostStop()
    {
        store.Dispose();
        base.PostStop();
    }

    private static SnapshotRange Range(string persistenceId, SnapshotSelectionCriteria criteria) => new(
        persistenceId, criteria.MinSequenceNr, criteria.MaxSequenceNr,
        (criteria.MinTimestamp ?? DateTime.MinValue).Ticks, criteria.MaxTimeStamp.Ticks);
}

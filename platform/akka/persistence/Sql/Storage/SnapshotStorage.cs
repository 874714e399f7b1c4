#nullable enable
namespace Akka.Persistence.Sql.Storage;

/// <summary>Snapshots in the table <c>snapshot</c>.</summary>
internal sealed class SnapshotStorage(Func<SqlSession> open, int capacity) : IDisposable
{
    private const string InRange = """
        persistence_id = @id AND sequence_number >= @minNr AND sequence_number <= @maxNr AND created >= @minCreated AND created <= @maxCreated
        """;

    private readonly SqlWorker worker = new("sql snapshots", open, capacity);

    /// <summary>Writes a snapshot in place of one with the same sequence number.</summary>
    public Task SaveAsync(SnapshotRow row) => worker.RunAsync((session, transaction) => session.Execute(
        transaction,
        """
        INSERT INTO snapshot (persistence_id, sequence_number, created, snapshot, manifest, serializer_id)
        VALUES (@id, @nr, @created, @snapshot, @manifest, @serializer)
        ON CONFLICT (persistence_id, sequence_number) DO UPDATE SET
            created = excluded.created, snapshot = excluded.snapshot, manifest = excluded.manifest, serializer_id = excluded.serializer_id
        """,
        ("@id", row.PersistenceId), ("@nr", row.SequenceNr), ("@created", row.Created), ("@snapshot", row.Payload),
        ("@manifest", row.Manifest), ("@serializer", (object?)row.SerializerId ?? DBNull.Value)));

    /// <summary>The snapshot of the highest sequence number in the range, if any.</summary>
    public Task<SnapshotRow?> NewestAsync(SnapshotRange range) => worker.RunAsync((session, transaction) =>
    {
        using var command = session.Command(
            transaction,
            "SELECT sequence_number, created, snapshot, manifest, serializer_id FROM snapshot WHERE " + InRange + " ORDER BY sequence_number DESC LIMIT 1",
            Parameters(range));
        using var reader = command.ExecuteReader();
        return reader.Read()
            ? new SnapshotRow(
                range.PersistenceId, reader.GetInt64(0), reader.GetInt64(1), reader.IsDBNull(2) ? [] : reader.GetFieldValue<byte[]>(2),
                reader.IsDBNull(3) ? "" : reader.GetString(3), reader.IsDBNull(4) ? null : reader.GetInt32(4))
            : null;
    });

    /// <summary>Deletes the snapshots in the range.</summary>
    public Task DeleteAsync(SnapshotRange range) =>
        worker.RunAsync((session, transaction) => session.Execute(transaction, "DELETE FROM snapshot WHERE " + InRange, Parameters(range)));

    public void Dispose() => worker.Dispose();

    private static (string Name, object Value)[] Parameters(SnapshotRange range) =>
    [
        ("@id", range.PersistenceId), ("@minNr", range.MinSequenceNr), ("@maxNr", range.MaxSequenceNr), ("@minCreated", range.MinCreated),
        ("@maxCreated", range.MaxCreated),
    ];
}

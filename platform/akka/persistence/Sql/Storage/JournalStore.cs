#nullable enable
using System.Data.Common;

namespace Akka.Persistence.Sql.Storage;

/// <summary>Events in the tables <c>journal</c> and <c>tags</c>.</summary>
internal sealed class JournalStore(Func<SqlSession> open, int capacity) : IDisposable
{
    private readonly SqlWorker worker = new("sql journal", open, capacity);

    /// <summary>Writes the rows, all or none; they are on the disk when the task completes.</summary>
    public Task WriteAsync(IReadOnlyList<JournalRow> rows) => rows.Count == 0 ? Task.CompletedTask : worker.InsertAsync(rows);

    /// <summary>The highest sequence number ever written under the id, deleted events included; 0 if there is none.</summary>
    public Task<long> HighestSequenceNrAsync(string persistenceId) => worker.RunAsync((session, transaction) =>
    {
        using var command = session.Command(transaction, "SELECT MAX(sequence_number) FROM journal WHERE persistence_id = @id",
            ("@id", persistenceId));
        return command.ExecuteScalar() as long? ?? 0;
    });

    /// <summary>At most <paramref name="limit"/> events with sequence numbers in the inclusive range, in order.</summary>
    public Task<IReadOnlyList<JournalRow>> ReadAsync(string persistenceId, long from, long to, int limit) =>
        worker.RunAsync((session, transaction) =>
    {
        using var command = session.Command(
            transaction,
            """
            SELECT sequence_number, created, message, manifest, identifier, writer_uuid FROM journal
            WHERE persistence_id = @id AND sequence_number >= @from AND sequence_number <= @to AND deleted = @no
            ORDER BY sequence_number LIMIT @limit
            """,
            ("@id", persistenceId), ("@from", from), ("@to", to), ("@no", false), ("@limit", (long)limit));
        using var reader = command.ExecuteReader();
        var rows = new List<JournalRow>();
        while (reader.Read())
            rows.Add(Row(persistenceId, reader));
        return (IReadOnlyList<JournalRow>)rows;
    });

    /// <summary>Deletes the events up to and including a sequence number. The last of them stays, marked, so that its number is not given
    /// again.</summary>
    public Task DeleteToAsync(string persistenceId, long to) => worker.RunAsync((session, transaction) =>
    {
        using var last = session.Command(
            transaction, "SELECT MAX(sequence_number) FROM journal WHERE persistence_id = @id AND sequence_number <= @to",
            ("@id", persistenceId), ("@to", to));
        if (last.ExecuteScalar() is long marker)
        {
            session.Execute(transaction, "UPDATE journal SET deleted = @yes WHERE persistence_id = @id AND sequence_number = @nr",
                ("@yes", true), ("@id", persistenceId), ("@nr", marker));
            session.Execute(transaction, "DELETE FROM journal WHERE persistence_id = @id AND sequence_number < @nr",
                ("@id", persistenceId), ("@nr", marker));
            session.Execute(transaction, "DELETE FROM tags WHERE persistence_id = @id AND sequence_nr <= @nr",
                ("@id", persistenceId), ("@nr", marker));
        }

        return true;
    });

    public void Dispose() => worker.Dispose();

    private static JournalRow Row(string persistenceId, DbDataReader reader) => new(
        persistenceId, reader.GetInt64(0), reader.GetInt64(1), reader.GetFieldValue<byte[]>(2),
        reader.IsDBNull(3) ? "" : reader.GetString(3), reader.IsDBNull(4) ? null : reader.GetInt32(4),
        reader.IsDBNull(5) ? null : reader.GetString(5), []);
}

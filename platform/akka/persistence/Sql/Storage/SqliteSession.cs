#nullable enable
using System.Data.Common;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Akka.Persistence.Sql.Storage;

/// <summary>SQLite, through the operating system's library.</summary>
/// <remarks>A commit is synced to the disk before it is acknowledged (<c>synchronous = FULL</c>), into a write-ahead log, so that readers
/// do not wait.</remarks>
internal sealed class SqliteSession : SqlSession
{
    private const string JournalTables = """
        CREATE TABLE IF NOT EXISTS [journal] (
            [ordering] INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            [created] BigInt NOT NULL,
            [deleted] Bit NOT NULL,
            [persistence_id] NVarChar(255) NOT NULL,
            [sequence_number] BigInt NOT NULL,
            [message] VarBinary NOT NULL,
            [manifest] NVarChar(500) NULL,
            [identifier] INTEGER NULL,
            [writer_uuid] NVarChar(128) NULL);
        CREATE UNIQUE INDEX IF NOT EXISTS journal_uq ON journal (persistence_id, sequence_number);
        CREATE INDEX IF NOT EXISTS journal_created_idx ON journal (created);
        CREATE INDEX IF NOT EXISTS journal_sequence_number_idx ON journal (sequence_number);
        CREATE TABLE IF NOT EXISTS [tags] (
            [ordering_id] INTEGER NOT NULL,
            [tag] NVarChar(64) NOT NULL,
            [sequence_nr] INTEGER NOT NULL,
            [persistence_id] NVarChar(255) NOT NULL,
            CONSTRAINT [PK_tags] PRIMARY KEY ([ordering_id], [tag]));
        CREATE INDEX IF NOT EXISTS tags_persistence_id_sequence_nr_idx ON tags (persistence_id, sequence_nr);
        CREATE INDEX IF NOT EXISTS tags_tag_idx ON tags (tag);
        """;

    private const string SnapshotTable = """
        CREATE TABLE IF NOT EXISTS [snapshot] (
            [persistence_id] NVarChar(255) NOT NULL,
            [sequence_number] BigInt NOT NULL,
            [created] BigInt NOT NULL,
            [snapshot] VarBinary NULL,
            [manifest] NVarChar(500) NULL,
            [serializer_id] INTEGER NULL,
            CONSTRAINT [PK_snapshot] PRIMARY KEY ([persistence_id], [sequence_number]));
        CREATE INDEX IF NOT EXISTS snapshot_sequence_number_idx ON snapshot (sequence_number);
        CREATE INDEX IF NOT EXISTS snapshot_created_idx ON snapshot (created);
        """;

    private readonly SqliteCommand insertEvent;
    private readonly SqliteCommand insertTag;

    private SqliteSession(SqliteConnection connection)
        : base(connection)
    {
        insertEvent = connection.CreateCommand();
        insertEvent.CommandText = """
            INSERT INTO journal (created, deleted, persistence_id, sequence_number, message, manifest, identifier, writer_uuid)
            VALUES (@created, 0, @id, @nr, @message, @manifest, @serializer, @writer)
            """;
        AddParameters(insertEvent, ("@created", SqliteType.Integer), ("@id", SqliteType.Text), ("@nr", SqliteType.Integer),
            ("@message", SqliteType.Blob),
            ("@manifest", SqliteType.Text), ("@serializer", SqliteType.Integer), ("@writer", SqliteType.Text));
        insertTag = connection.CreateCommand();
        insertTag.CommandText = """
            INSERT INTO tags (ordering_id, tag, sequence_nr, persistence_id)
            SELECT ordering, @tag, @nr, @id FROM journal WHERE persistence_id = @id AND sequence_number = @nr
            """;
        AddParameters(insertTag, ("@tag", SqliteType.Text), ("@nr", SqliteType.Integer), ("@id", SqliteType.Text));
    }

    public static SqliteSession Open(string connectionString, SqlTables tables, bool create)
    {
        SqliteLibrary.EnsureBound();

        // A pool would keep the file open after the last use; closed, it is whole without its write-ahead log.
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        try
        {
            connection.Open();
            var session = new SqliteSession(connection);
            session.Execute(null, "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
            if (create)
            {
                using var transaction = connection.BeginTransaction();
                session.Execute(transaction, tables == SqlTables.Journal ? JournalTables : SnapshotTable);
                transaction.Commit();
            }

            return session;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public override void Insert(DbTransaction transaction, IReadOnlyList<JournalRow> rows)
    {
        insertEvent.Transaction = insertTag.Transaction = (SqliteTransaction)transaction;
        foreach (var row in rows)
        {
            Set(insertEvent, row.Created, row.PersistenceId, row.SequenceNr, row.Message, row.Manifest,
                (object?)row.SerializerId ?? DBNull.Value, (object?)row.WriterUuid ?? DBNull.Value);
            insertEvent.ExecuteNonQuery();
            foreach (var tag in row.Tags)
            {
                Set(insertTag, tag, row.SequenceNr, row.PersistenceId);
                insertTag.ExecuteNonQuery();
            }
        }
    }

    /// <inheritdoc/>
    public override void End(DbTransaction transaction, bool isCommitted)
    {
        try
        {
            transaction.Dispose();
        }
        catch (SqliteException) when (!isCommitted)
        {
            // SQLite has taken it back by itself, as it does when the disk is full, but its client still means to. It gets one to take back,
            // or the connection could never be used or closed again.
            _ = raw.sqlite3_exec(((SqliteConnection)Connection).Handle, "BEGIN");
            transaction.Dispose();
        }
    }

    public override void Dispose()
    {
        insertEvent.Dispose();
        insertTag.Dispose();
        base.Dispose();
    }

    private static void AddParameters(SqliteCommand command, params ReadOnlySpan<(string Name, SqliteType Type)> parameters)
    {
        foreach (var (name, type) in parameters)
            command.Parameters.Add(name, type);
    }

    private static void Set(SqliteCommand command, params ReadOnlySpan<object> values)
    {
        for (var index = 0; index < values.Length; index++)
            command.Parameters[index].Value = values[index];
    }
}

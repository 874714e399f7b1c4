#nullable enable
using System.Data.Common;
using Npgsql;
using NpgsqlTypes;

namespace Akka.Persistence.Sql.Storage;

/// <summary>PostgreSQL 10 or newer, through Npgsql.</summary>
internal sealed class PostgreSqlSession : SqlSession
{
    private const string JournalTables = """
        CREATE TABLE IF NOT EXISTS journal (
            ordering BigInt GENERATED ALWAYS AS IDENTITY NOT NULL,
            created BigInt NOT NULL,
            deleted Boolean NOT NULL,
            persistence_id VarChar(255) NOT NULL,
            sequence_number BigInt NOT NULL,
            message bytea NOT NULL,
            manifest VarChar(500) NULL,
            identifier Int NULL,
            writer_uuid VarChar(128) NULL,
            CONSTRAINT "PK_journal" PRIMARY KEY (ordering),
            CONSTRAINT journal_uq UNIQUE (persistence_id, sequence_number));
        CREATE INDEX IF NOT EXISTS journal_created_idx ON journal (created);
        CREATE INDEX IF NOT EXISTS journal_sequence_number_idx ON journal (sequence_number);
        CREATE TABLE IF NOT EXISTS tags (
            ordering_id BigInt NOT NULL,
            tag VarChar(64) NOT NULL,
            sequence_nr BigInt NOT NULL,
            persistence_id VarChar(255) NOT NULL,
            CONSTRAINT "PK_tags" PRIMARY KEY (ordering_id, tag));
        CREATE INDEX IF NOT EXISTS tags_persistence_id_sequence_nr_idx ON tags (persistence_id, sequence_nr);
        CREATE INDEX IF NOT EXISTS tags_tag_idx ON tags (tag);
        """;

    private const string SnapshotTable = """
        CREATE TABLE IF NOT EXISTS snapshot (
            persistence_id VarChar(255) NOT NULL,
            sequence_number BigInt NOT NULL,
            created BigInt NOT NULL,
            snapshot bytea NULL,
            manifest VarChar(500) NULL,
            serializer_id Int NULL,
            CONSTRAINT "PK_snapshot" PRIMARY KEY (persistence_id, sequence_number));
        CREATE INDEX IF NOT EXISTS snapshot_sequence_number_idx ON snapshot (sequence_number);
        CREATE INDEX IF NOT EXISTS snapshot_created_idx ON snapshot (created);
        """;

    // IF NOT EXISTS does not keep two sessions from creating the same table at once; this lock, held to the end of the transaction, does.
    private const string OneAtATime = "SELECT pg_advisory_xact_lock(4704161325);";

    private PostgreSqlSession(NpgsqlConnection connection)
        : base(connection)
    {
    }

    public static PostgreSqlSession Open(string connectionString, SqlTables tables, bool create)
    {
        var connection = new NpgsqlConnection(connectionString);
        try
        {
            connection.Open();
            var session = new PostgreSqlSession(connection);
            if (create)
            {
                using var transaction = connection.BeginTransaction();
                session.Execute(transaction, OneAtATime + (tables == SqlTables.Journal ? JournalTables : SnapshotTable));
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

    // One statement and one round trip, however many the rows.
    public override void Insert(DbTransaction transaction, IReadOnlyList<JournalRow> rows)
    {
        using var command = ((NpgsqlConnection)Connection).CreateCommand();
        command.Transaction = (NpgsqlTransaction)transaction;
        command.CommandText = """
            INSERT INTO journal (created, deleted, persistence_id, sequence_number, message, manifest, identifier, writer_uuid)
            SELECT created, false, id, nr, message, manifest, serializer, writer
            FROM unnest(@created, @id, @nr, @message, @manifest, @serializer, @writer)
                WITH ORDINALITY AS r (created, id, nr, message, manifest, serializer, writer, place)
            ORDER BY place
            """;
        Add(command, "@created", NpgsqlDbType.Bigint, rows, static row => row.Created);
        Add(command, "@id", NpgsqlDbType.Text, rows, static row => row.PersistenceId);
        Add(command, "@nr", NpgsqlDbType.Bigint, rows, static row => row.SequenceNr);
        Add(command, "@message", NpgsqlDbType.Bytea, rows, static row => row.Message);
        Add(command, "@manifest", NpgsqlDbType.Text, rows, static row => row.Manifest);
        Add(command, "@serializer", NpgsqlDbType.Integer, rows, static row => row.SerializerId);
        Add(command, "@writer", NpgsqlDbType.Text, rows, static row => row.WriterUuid);
        command.ExecuteNonQuery();

        var tags = rows.SelectMany(static row => row.Tags, static (row, tag) => (row.PersistenceId, row.SequenceNr, Tag: tag)).ToList();
        if (tags.Count == 0)
            return;
        command.Parameters.Clear();
        command.CommandText = """
            INSERT INTO tags (ordering_id, tag, sequence_nr, persistence_id)
            SELECT j.ordering, t.tag, t.nr, t.id FROM unnest(@id, @nr, @tag) AS t (id, nr, tag)
            JOIN journal j ON j.persistence_id = t.id AND j.sequence_number = t.nr
            """;
        Add(command, "@id", NpgsqlDbType.Text, tags, static tag => tag.PersistenceId);
        Add(command, "@nr", NpgsqlDbType.Bigint, tags, static tag => tag.SequenceNr);
        Add(command, "@tag", NpgsqlDbType.Text, tags, static tag => tag.Tag);
        command.ExecuteNonQuery();
    }

    private static void Add<TRow, TValue>(
        NpgsqlCommand command, string name, NpgsqlDbType type, IReadOnlyList<TRow> rows, Func<TRow, TValue> column)
    {
        var values = new TValue[rows.Count];
        for (var index = 0; index < values.Length; index++)
            values[index] = column(rows[index]);
        command.Parameters.Add(new NpgsqlParameter(name, type | NpgsqlDbType.Array) { Value = values });
    }
}

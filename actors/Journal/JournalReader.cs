using System.Data.Common;
using ActorTrain.Persistence.Journal;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace ActorTrain.Actors.Journal;

/// <summary>Reads what a <see cref="RunJournal"/> persisted from the tables of Akka.Persistence.Sql, without an actor system.</summary>
public static class JournalReader
{
    private const int PatienceSeconds = 60;

    /// <exception cref="UnreadableJournalException">A decision is unreadable or missing.</exception>
    /// <exception cref="DbException">The database cannot be read.</exception>
    public static IReadOnlyList<RunEvent> ReadSqlite(string file, string run)
    {
        using var database = new SqliteConnection($"Data Source={Path.GetFullPath(file)};Pooling=False");
        return Read(database, "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'journal')", run);
    }

    /// <exception cref="UnreadableJournalException">A decision is unreadable or missing.</exception>
    /// <exception cref="DbException">The database cannot be reached or read.</exception>
    public static IReadOnlyList<RunEvent> ReadPostgres(string connection, string run)
    {
        using var database = new NpgsqlConnection(connection);
        return Read(database, "SELECT to_regclass('journal') IS NOT NULL", run);
    }

    private static IReadOnlyList<RunEvent> Read(DbConnection database, string hasTable, string run)
    {
        database.Open();
        using var question = Command(database, hasTable);
        if (question.ExecuteScalar() is not (true or 1L))
            return [];
        using var select =
            Command(database,
            "SELECT sequence_number, identifier, manifest, message, deleted FROM journal WHERE persistence_id = @run ORDER BY "
            + "sequence_number");
        var parameter = select.CreateParameter();
        (parameter.ParameterName, parameter.Value) = ("@run", RunJournal.PersistenceIdOf(run));
        select.Parameters.Add(parameter);
        using var rows = select.ExecuteReader();
        var decisions = new RecoveredDecisions();
        while (rows.Read())
        {
            // Recovery skips rows marked as deleted.
            if (rows.GetBoolean(4))
                throw decisions.Missing;
            if (rows.IsDBNull(1) || rows.GetInt32(1) != RunEventSerializer.Number)
                throw new UnreadableJournalException(RecoveredDecisions.Foreign);
            decisions.Add(rows.GetInt64(0), RunEventSerializer.Read((byte[])rows.GetValue(3), rows.IsDBNull(2) ? "" : rows.GetString(2)));
        }

        return decisions.All;
    }

    private static DbCommand Command(DbConnection database, string text)
    {
        var command = database.CreateCommand();
        (command.CommandText, command.CommandTimeout) = (text, PatienceSeconds);
        return command;
    }
}

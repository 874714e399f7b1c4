using System.Data.Common;
using ActorTrain.Actors.Hosting;
using ActorTrain.Actors.Terms;
using ActorTrain.Tests.Databases;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace ActorTrain.Actors.Tests.Terms;

/// <summary>An empty database with terms, and processes that want them.</summary>
internal sealed class TermDatabase : IDisposable
{
    public static readonly TimeSpan Long = TimeSpan.FromSeconds(60);

    private readonly TestFolder folder = new();
    private readonly bool isPostgres;

    public TermDatabase(bool postgres, PostgresServer? server = null)
    {
        isPostgres = postgres;
        var connection = postgres ? (server ?? PostgresServer.Shared).NewDatabase() : "";
        Journal = JournalDatabase.Of(folder.At("run.db"), connection) with { Timeout = TimeSpan.FromSeconds(30) };
    }

    public JournalDatabase Journal { get; }

    public TermTable Table() => Journal.Terms();

    /// <summary>A process of another host, of which nobody knows whether it lives.</summary>
    public static ProcessIdentity Stranger(int number) => new(number, "1", "another-boot", "pid");

    public TermLease Lease(int process, TimeSpan? lease = null) =>
        new(Table(), "book", lease ?? Long, self: Stranger(process));

    public DbConnection Open()
    {
        DbConnection database =
            isPostgres ? new NpgsqlConnection(Journal.Connection) : new SqliteConnection($"{Journal.Connection};Pooling=False");
        database.Open();
        return database;
    }

    /// <summary>The terms of the decisions of the journal, in the order in which they were written; 0 for none.</summary>
    public List<long> WrittenTerms()
    {
        using var database = Open();
        using var command = database.CreateCommand();
        command.CommandText = "SELECT manifest FROM journal ORDER BY ordering";
        using var rows = command.ExecuteReader();
        List<long> terms = [];
        while (rows.Read())
            terms.Add(rows.GetString(0).Split(' ') is [_, _, var term] ? long.Parse(term) : 0);
        return terms;
    }

    public int Execute(string text)
    {
        using var database = Open();
        using var command = database.CreateCommand();
        command.CommandText = text;
        return command.ExecuteNonQuery();
    }

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        folder.Dispose();
    }
}

using Akka.Configuration;
using Akka.Persistence.Sql;
using Microsoft.Data.Sqlite;

namespace ActorTrain.Actors.Hosting;

/// <summary>The database in which a journal is kept.</summary>
public sealed record JournalDatabase(string Provider, string Connection)
{
    /// <summary>How long it may take for one answer, and how long it is left alone after it failed often.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A SQLite database, or a PostgreSQL one where a connection to one is given.</summary>
    /// <param name="postgres">Connection string of a PostgreSQL database, or empty.</param>
    public static JournalDatabase Of(string file, string postgres) => postgres.Length > 0
        ? new("PostgreSQL.15", postgres)
        : new("SQLite.MS", $"Data Source={Path.GetFullPath(file)}");

    /// <summary>The settings of an actor system whose journal lies there.</summary>
    public Config Settings => ConfigurationFactory.ParseString($$"""
        akka.persistence {
          snapshot-store.plugin = "akka.persistence.no-snapshot-store"
          journal {
            plugin = "akka.persistence.journal.sql"
            sql {
              provider-name = {{ActorSettings.Quote(Provider)}}
              connection-string = {{ActorSettings.Quote(Connection)}}
              auto-initialize = true
              recovery-event-timeout = {{(long)Timeout.TotalMilliseconds}}ms
              circuit-breaker {
                call-timeout = {{(long)Timeout.TotalMilliseconds}}ms
                reset-timeout = {{(long)Timeout.TotalMilliseconds}}ms
              }
            }
          }
        }
        """).WithFallback(ActorSettings.All).WithFallback(SqlPersistence.DefaultConfiguration);

    /// <summary>Makes a SQLite database one in which what is committed outlives a power cut, and readers hold nobody up. Where that cannot
    /// be had, it works without it or is away, which the journal tells.</summary>
    internal void KeepWriteAheadLog()
    {
        if (Provider != "SQLite.MS")
            return;
        try
        {
            using var database = new SqliteConnection($"{Connection};Pooling=False");
            database.Open();
            using var command = database.CreateCommand();
            command.CommandText = "PRAGMA journal_mode = WAL";
            command.ExecuteNonQuery();
        }
        catch (SqliteException)
        {
        }
    }
}

using ActorTrain.Actors.Terms;
using Akka.Configuration;
using Akka.Persistence.Sql;
using Microsoft.Data.Sqlite;

namespace ActorTrain.Actors.Hosting;

public sealed record JournalDatabase(string Provider, string Connection)
{
    /// <summary>Limit for one answer, and the pause after repeated failures.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A SQLite database in <paramref name="file"/>, or a PostgreSQL one.</summary>
    /// <param name="postgres">Connection string of a PostgreSQL database, or empty.</param>
    public static JournalDatabase Of(string file, string postgres) => postgres.Length > 0
        ? new("PostgreSQL.15", postgres)
        : new("SQLite.MS", $"Data Source={Path.GetFullPath(file)}");

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

    /// <summary>The table of who leads which run, in this database.</summary>
    public TermTable Terms() => Provider == "SQLite.MS" ? new SqliteTerms(Connection) : new PostgresTerms(Connection);

    /// <summary>Switches a SQLite database to a write-ahead log, in which commits survive a power cut and readers block nothing. Failures
    /// are ignored here; the journal reports them.</summary>
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

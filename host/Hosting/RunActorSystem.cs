using ActorTrain.Actors;
using ActorTrain.Actors.Journal;
using ActorTrain.Persistence.Runs;
using Akka.Actor;
using Akka.Configuration;
using Akka.Hosting;
using Akka.Persistence.Sql;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ActorTrain.Host.Hosting;

/// <summary>Makes the actor system in which a run lives: its journal, its threads, its log.</summary>
internal static class RunActorSystem
{
    private const string Name = "actortrain";
    private static readonly TimeSpan DatabaseTimeout = TimeSpan.FromSeconds(10);

    /// <summary>The actor system of a process that trains a run. Whoever made it terminates it.</summary>
    /// <param name="run">The run; its database lies in its folder, unless another is named.</param>
    /// <param name="connection">Connection string of a PostgreSQL database, or empty.</param>
    /// <param name="log">Where its actors log to; see <see cref="RunLog"/>.</param>
    /// <param name="first">Settings that win over all others.</param>
    public static ActorSystem Create(RunDirectory run, string connection, ILoggerFactory log, Config? first = null)
    {
        if (connection.Length == 0)
            KeepWriteAheadLog(run.JournalFile);
        var settings = SettingsOf(run.JournalFile, connection);
        return new ServiceCollection()
            .AddAkka(Name, akka => akka
                .AddHocon(first?.WithFallback(settings) ?? settings, HoconAddMode.Prepend)
                .ConfigureLoggers(loggers => loggers.ClearLoggers().AddLoggerFactory(log)))
            .BuildServiceProvider()
            .GetRequiredService<ActorSystem>();
    }

    /// <summary>Ends an actor system, and gives its database free.</summary>
    /// <param name="system">The system.</param>
    /// <param name="patience">How long to wait for actors that hang.</param>
    public static void End(ActorSystem system, TimeSpan patience)
    {
        ArgumentNullException.ThrowIfNull(system);
        system.Terminate().Wait(patience, CancellationToken.None);

        // Closed by the last who has it open, the file is whole without its log.
        SqliteConnection.ClearAllPools();
    }

    // What is committed outlives a power cut, and readers hold nobody up. Where that cannot be had, the database works without it or is away, which the
    // journal tells.
    private static void KeepWriteAheadLog(string file)
    {
        try
        {
            using var database = new SqliteConnection($"Data Source={Path.GetFullPath(file)};Pooling=False");
            database.Open();
            using var command = database.CreateCommand();
            command.CommandText = "PRAGMA journal_mode = WAL";
            command.ExecuteNonQuery();
        }
        catch (SqliteException)
        {
        }
    }

    private static Config SettingsOf(string file, string connection) => JournalSettings
        .Sql(
            connection.Length == 0 ? "SQLite.MS" : "PostgreSQL.15",
            connection.Length == 0 ? $"Data Source={Path.GetFullPath(file)}" : connection,
            DatabaseTimeout)
        .WithFallback(ActorSettings.All())
        .WithFallback(ConfigurationFactory.ParseString("""
            akka {
              stdout-loglevel = OFF
              log-dead-letters = off
              log-dead-letters-during-shutdown = off
              coordinated-shutdown.run-by-clr-shutdown-hook = off
            }
            """))
        .WithFallback(SqlPersistence.DefaultConfiguration);
}

using System.Data.Common;
using System.Net.Sockets;
using ActorTrain.Actors;
using ActorTrain.Actors.Journal;
using ActorTrain.Models;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Runs;
using Akka.Actor;
using Akka.Configuration;
using Akka.Persistence.Sql;
using Microsoft.Data.Sqlite;

namespace ActorTrain.Host.Hosting;

/// <summary>Makes the actor system in which a run lives: its journal, its threads, its log.</summary>
internal static class RunActorSystem
{
    private const string Name = "actortrain";
    private static readonly TimeSpan DatabaseTimeout = TimeSpan.FromSeconds(10);

    /// <summary>The actor system of a process that trains a run. Whoever made it terminates it.</summary>
    /// <param name="run">The run; its database, unless another is named, and its log lie in its folder.</param>
    /// <param name="connection">Connection string of a PostgreSQL database, or empty.</param>
    /// <param name="first">Settings that win over all others.</param>
    public static ActorSystem Create(RunDirectory run, string connection, Config? first = null)
    {
        if (connection.Length == 0)
            KeepWriteAheadLog(run.JournalFile);
        var settings = RunLogger.Settings(run.LogFile).WithFallback(SettingsOf(run.JournalFile, connection));
        return ActorSystem.Create(Name, first?.WithFallback(settings) ?? settings);
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

    /// <summary>What the journal of a run holds, also while another process writes to it. It is left as it is.</summary>
    /// <param name="run">The run.</param>
    /// <param name="connection">As for <see cref="Create"/>.</param>
    /// <param name="isHeld">Whether it is this process that holds the run's lock.</param>
    /// <param name="away">Told where the database cannot be reached; without it that is an error.</param>
    /// <returns>All decisions; none where the database cannot be reached.</returns>
    /// <exception cref="UserErrorException">The database cannot be reached, or a decision in it cannot be read.</exception>
    public static IReadOnlyList<RunEvent> ReadJournal(RunDirectory run, string connection, bool isHeld = false, Action<string>? away = null)
    {
        ArgumentNullException.ThrowIfNull(run);
        if (connection.Length == 0 && !File.Exists(run.JournalFile))
            return [];
        try
        {
            if (connection.Length > 0)
                return JournalReader.ReadPostgres(connection, run.Name);
            using var copy = CopyAtRest(run, isHeld);
            return JournalReader.ReadSqlite(copy?.File ?? run.JournalFile, run.Name);
        }
        catch (UnreadableJournalException exception)
        {
            throw new UserErrorException(Unreadable($" {exception.Message}"), exception);
        }
        catch (Exception exception) when (exception is DbException or ArgumentException or TimeoutException or SocketException)
        {
            var sentence = Unreadable($": {exception.GetBaseException().Message}");
            if (away is null)
                throw new UserErrorException(sentence, exception);
            away(sentence);
            return [];
        }

        string Unreadable(string reason) =>
            $"The journal of {run.Path} in {(connection.Length == 0 ? run.JournalFile : "PostgreSQL")} cannot be read{reason.TrimEnd('.')}.";
    }

    // Null where a process writes to it: then reading it changes nothing.
    private static JournalCopy? CopyAtRest(RunDirectory run, bool isHeld)
    {
        while (isHeld || run.State != RunState.Running)
        {
            var copy = new JournalCopy(run.JournalFile);
            if (isHeld || run.State != RunState.Running)
                return copy;
            copy.Dispose();
        }

        return null;
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
        .WithFallback(ActorSettings.Dispatchers())
        .WithFallback(ConfigurationFactory.ParseString("""
            akka {
              log-dead-letters = off
              log-dead-letters-during-shutdown = off
              coordinated-shutdown.run-by-clr-shutdown-hook = off
            }
            """))
        .WithFallback(SqlPersistence.DefaultConfiguration);
}

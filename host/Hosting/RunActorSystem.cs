using ActorTrain.Actors;
using ActorTrain.Actors.Journal;
using ActorTrain.Models;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Runs;
using Akka.Actor;
using Akka.Configuration;
using Akka.Persistence.Sql;

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
        var settings = RunLogger.Settings(run.LogFile).WithFallback(SettingsOf(run, connection));
        return ActorSystem.Create(Name, first?.WithFallback(settings) ?? settings);
    }

    /// <summary>What the journal of a run holds, also while another process writes to it.</summary>
    /// <param name="run">The run.</param>
    /// <param name="connection">As for <see cref="Create"/>.</param>
    /// <exception cref="UserErrorException">The database cannot be reached, or holds what this program does not know.</exception>
    public static IReadOnlyList<RunEvent> ReadJournal(RunDirectory run, string connection)
    {
        if (connection.Length == 0 && !File.Exists(run.JournalFile))
            return [];
        using var system = ActorSystem.Create(Name, Silence.WithFallback(SettingsOf(run, connection)));
        var answer = new TaskCompletionSource<JournalReport>(TaskCreationOptions.RunContinuationsAsynchronously);
        system.ActorOf(Props.Create(() => new JournalListener(run.Name, answer)));
        try
        {
            return answer.Task.Wait(3 * DatabaseTimeout)
                ? answer.Task.Result is JournalRecovered recovered ? recovered.Events : throw Unreadable(((JournalAway)answer.Task.Result).Reason)
                : throw Unreadable("the database does not answer");
        }
        finally
        {
            system.Terminate().Wait(3 * DatabaseTimeout);
        }

        UserErrorException Unreadable(string reason) => new(
            $"The journal of {run.Path} in {(connection.Length == 0 ? run.JournalFile : "PostgreSQL")} cannot be read: {reason.TrimEnd('.')}.");
    }

    private static Config Silence => ConfigurationFactory.ParseString("""
        akka {
          loggers = []
          stdout-loglevel = "OFF"
          loglevel = "OFF"
        }
        """);

    private static Config SettingsOf(RunDirectory run, string connection) => JournalSettings
        .Sql(
            connection.Length == 0 ? "SQLite.MS" : "PostgreSQL.15",
            connection.Length == 0 ? $"Data Source={Path.GetFullPath(run.JournalFile)}" : connection,
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

    /// <summary>Passes on what a journal says first.</summary>
    private sealed class JournalListener : ReceiveActor
    {
        public JournalListener(string run, TaskCompletionSource<JournalReport> answer)
        {
            var self = Self;
            Receive<JournalReport>(report => answer.TrySetResult(report));
            Receive<Terminated>(_ => answer.TrySetResult(new JournalAway("the journal stopped")));
            Context.Watch(Context.ActorOf(Props.Create(() => new RunJournal(run, self, new JournalOutage(), null)), "journal"));
        }
    }
}

using System.Data.Common;
using System.Net.Sockets;
using ActorTrain.Actors.Journal;
using ActorTrain.Models;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Hosting;

/// <summary>The decisions of a run, for whoever looks at it or is about to resume it.</summary>
internal static class RunDecisions
{
    /// <summary>What the journal of a run holds, also while another process writes to it. It is left as it is.</summary>
    /// <param name="run">The run.</param>
    /// <param name="connection">As for <see cref="RunActorSystem.Create"/>.</param>
    /// <param name="isHeld">Whether it is this process that holds the run's lock.</param>
    /// <param name="away">Told where the database cannot be reached; without it that is an error.</param>
    /// <returns>All decisions; none where the database cannot be reached.</returns>
    /// <exception cref="UserErrorException">The database cannot be reached, or a decision in it cannot be read.</exception>
    public static IReadOnlyList<RunEvent> Read(RunDirectory run, string connection, bool isHeld = false, Action<string>? away = null)
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
}

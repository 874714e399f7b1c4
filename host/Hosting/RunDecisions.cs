using System.Data.Common;
using System.Net.Sockets;
using ActorTrain.Actors.Checkpoints;
using ActorTrain.Actors.Journal;
using ActorTrain.Models;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Hosting;

/// <summary>Reads the decisions of a run, for display or before resuming it.</summary>
internal static class RunDecisions
{
    /// <summary>The contents of a run's journal, even while another process writes to it. The journal is not changed, and is checked to
    /// contain every decision that the run's checkpoints depend on.</summary>
    /// <param name="connection">Connection string of a PostgreSQL database, or empty.</param>
    /// <param name="isHeld">Whether this process holds the run's lock.</param>
    /// <param name="away">Called if the database is unavailable; if null, that is an error.</param>
    /// <returns>All decisions; empty if the database is unavailable.</returns>
    /// <exception cref="UserErrorException">The database is unavailable, or a decision in it is unreadable or missing.</exception>
    public static IReadOnlyList<RunEvent> Read(RunDirectory run, string connection, bool isHeld = false, Action<string>? away = null)
    {
        ArgumentNullException.ThrowIfNull(run);
        try
        {
            // The checkpoints first: a running run adds decisions.
            var newest = new CheckpointArchive(run.CheckpointsDirectory).List().Where(static info => info.Manifest is not null)
                .MaxBy(static info => DecisionsOf(info));
            var decisions = Decisions();
            return newest is null || DecisionsOf(newest) <= decisions.Count ? decisions : throw new UnreadableJournalException(
                $"in full: it holds {decisions.Count} decisions of the run {run.Name}, but {newest.Path} requires {DecisionsOf(newest)}; "
                    + $"restore the journal, "
                + "name the database that holds it with journal.connection, or restore the original name of the run");
        }
        catch (UnreadableJournalException exception)
        {
            throw new UserErrorException(Unreadable($" {exception.Message}"), exception);
        }
        catch (Exception exception) when (exception is DbException or ArgumentException or TimeoutException or SocketException)
        {
            var sentence = Unreadable($": {exception.GetBaseException().Message}");
            if (away is null)
                throw UnavailableException.Of(exception, sentence);
            away(sentence);
            return [];
        }

        IReadOnlyList<RunEvent> Decisions()
        {
            if (connection.Length > 0)
                return JournalReader.ReadPostgres(connection, run.Name);
            if (!File.Exists(run.JournalFile))
                return [];
            using var copy = CopyAtRest(run, isHeld);
            return JournalReader.ReadSqlite(copy?.File ?? run.JournalFile, run.Name);
        }

        string Unreadable(string reason) =>
            $"The journal of {run.Path} in {(connection.Length == 0 ? run.JournalFile : "PostgreSQL")} "
            + $"cannot be read{reason.TrimEnd('.')}.";
    }

    private static long DecisionsOf(CheckpointInfo info) => CheckpointerOptions.DecisionsOf(info.Manifest!.Facts);

    // Null while a process writes to it: then reading does not change it.
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

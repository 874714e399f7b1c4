using ActorTrain.Actors.Hosting;
using ActorTrain.Actors.Journal;
using ActorTrain.Actors.Terms;
using ActorTrain.Host.Progress;
using ActorTrain.Models;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Training;

/// <summary>How a process becomes the one that trains a run: by the lock of its folder and, in a shared database, by a term.</summary>
internal static class Leadership
{
    /// <summary>Takes the run's lock. Before that, a run that another process trains is refused, so that nothing on disk changes.</summary>
    /// <exception cref="UserErrorException">Another process trains the run, or the database is unavailable.</exception>
    public static RunLock Lock(RunDirectory run, JournalOptions options, ITrainingProgress progress, CancellationToken stop)
    {
        using var term = Lease(run, options, options.Connection);
        if (term.IsShared)
            term.AwaitFree(progress.Note, stop);
        return run.Lock();
    }

    /// <summary>The term of this process: taken, or, in a database in the run's folder, not until there is something to write.</summary>
    /// <param name="connection">Connection string of a PostgreSQL database, or empty.</param>
    /// <exception cref="UserErrorException">Another process trains the run, or the database is unavailable.</exception>
    public static TermLease Take(RunDirectory run, JournalOptions options, string connection)
    {
        var term = Lease(run, options, connection);
        try
        {
            if (term.IsShared)
                term.Take();
            return term;
        }
        catch
        {
            term.Dispose();
            throw;
        }
    }

    private static TermLease Lease(RunDirectory run, JournalOptions options, string connection) =>
        new(JournalDatabase.Of(run.JournalFile, connection).Terms(), run.Name, options.Lease);
}

using ActorTrain.Actors.Hosting;
using ActorTrain.Actors.Journal;
using ActorTrain.Actors.Terms;
using ActorTrain.Host.Progress;
using ActorTrain.Models;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Training;

/// <summary>What makes a process the one that trains a run: the lock of its folder and, in a shared database, a term.</summary>
internal sealed class Leadership : IDisposable
{
    private readonly CancellationTokenRegistration yielding;

    private Leadership(RunLock runLock, TermLease term)
    {
        (Lock, Term) = (runLock, term);
        yielding = term.Lost.Register(runLock.Yield);
    }

    public RunLock Lock { get; }

    /// <summary>Taken, or, in a database in the run's folder, not until there is something to write.</summary>
    public TermLease Term { get; }

    /// <summary>Takes a run that nobody trains. A run that another process trains is refused before anything on disk changes, unless this
    /// process was elected and the other one was, too: then it is superseded.</summary>
    /// <param name="connection">Connection string of a PostgreSQL database, or empty.</param>
    /// <param name="control">The control address of this process; null if it was not elected.</param>
    /// <exception cref="UserErrorException">Another process trains the run, or the database is unavailable.</exception>
    public static Leadership Take(RunDirectory run, JournalOptions options, string connection, string? control, ITrainingProgress progress,
        CancellationToken stop)
    {
        var term = new TermLease(JournalDatabase.Of(run.JournalFile, connection).Terms(), run.Name, options.Lease, control: control);
        RunLock? taken = null;
        try
        {
            if (term.IsShared)
                term.AwaitFree(progress.Note, stop);

            // Who was superseded may be suspended, and then keeps its lock. Any other process that has it is alive, and keeps the run.
            if (control is null)
                taken = run.Lock();
            if (term.IsShared)
                term.Take();
            taken ??= term.MayHaveRival ? run.ReplaceLock() : run.Lock();
            return new Leadership(taken, term);
        }
        catch
        {
            term.Dispose();
            taken?.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Term.Dispose();
        yielding.Dispose();
        Lock.Dispose();
    }
}

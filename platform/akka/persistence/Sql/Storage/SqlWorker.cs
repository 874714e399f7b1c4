#nullable enable
using System.Data.Common;

namespace Akka.Persistence.Sql.Storage;

/// <summary>A thread with one connection that does all work on a database in the order in which it was asked for.</summary>
/// <remarks>So a read sees every write that was asked for before it, and waits for them. Writes that wait together are committed
/// together: the disk is synced once for all. A lost connection is opened again with the next work.</remarks>
internal sealed class SqlWorker : IDisposable
{
    private const int RowsPerTransaction = 1000;
    private readonly Func<SqlSession> open;
    private readonly int capacity;
    private readonly Queue<Job> jobs = new();
    private readonly Thread thread;
    private SqlSession? session;
    private int waitingRows;
    private bool stopping;

    /// <param name="name">The thread's name.</param>
    /// <param name="open">Opens a session, each time that one is needed.</param>
    /// <param name="capacity">How many rows may wait; what would exceed it fails at once.</param>
    public SqlWorker(string name, Func<SqlSession> open, int capacity)
    {
        this.open = open;
        this.capacity = capacity;
        thread = new Thread(Loop) { IsBackground = true, Name = name };
        thread.Start();
    }

    /// <summary>Inserts the rows, all or none, in one transaction with others.</summary>
    public Task InsertAsync(IReadOnlyList<JournalRow> rows)
    {
        var job = new Insertion(rows);
        Enqueue(job, rows.Count);
        return job.Task;
    }

    /// <summary>Does something in a transaction of its own.</summary>
    public Task<T> RunAsync<T>(Func<SqlSession, DbTransaction, T> work)
    {
        var job = new Work<T>(work);
        Enqueue(job, 1);
        return job.Task;
    }

    /// <summary>Finishes what waits, closes the connection and ends the thread.</summary>
    public void Dispose()
    {
        lock (jobs)
        {
            stopping = true;
            Monitor.Pulse(jobs);
        }

        // A database that does not answer must not keep the actor system from stopping.
        thread.Join(TimeSpan.FromSeconds(5));
    }

    private void Enqueue(Job job, int rows)
    {
        lock (jobs)
        {
            if (stopping)
            {
                job.Fail(new ObjectDisposedException(nameof(SqlWorker), "The database was closed."));
            }
            else if (waitingRows + rows > capacity && jobs.Count > 0)
            {
                job.Fail(new InvalidOperationException($"{waitingRows} rows wait for the database; the bound (buffer-size) is {capacity}."));
            }
            else
            {
                waitingRows += rows;
                jobs.Enqueue(job);
                Monitor.Pulse(jobs);
            }
        }
    }

    private void Loop()
    {
        var insertions = new List<Insertion>();
        while (Next(insertions, out var job))
        {
            if (job is not null)
                Run(job);
            else
                Insert(insertions);
        }

        session?.Dispose();
    }

    // The next work, or all insertions that wait in front of the next other work; false when the thread shall end.
    private bool Next(List<Insertion> insertions, out Job? job)
    {
        insertions.Clear();
        job = null;
        lock (jobs)
        {
            while (jobs.Count == 0)
            {
                if (stopping)
                    return false;
                Monitor.Wait(jobs);
            }

            var rows = 0;
            while (rows < RowsPerTransaction && jobs.TryPeek(out var head) && head is Insertion insertion)
            {
                jobs.Dequeue();
                insertions.Add(insertion);
                rows += insertion.Rows.Count;
            }

            if (insertions.Count == 0)
            {
                job = jobs.Dequeue();
                rows = 1;
            }

            waitingRows -= rows;
            return true;
        }
    }

    private void Run(Job job)
    {
        if (InTransaction(job.Run) is { } failure)
            job.Fail(failure);
        else
            job.Complete();
    }

    private void Insert(List<Insertion> insertions)
    {
        IReadOnlyList<JournalRow> rows = insertions.Count == 1
            ? insertions[0].Rows
            : [.. insertions.SelectMany(static insertion => insertion.Rows)];
        if (InTransaction((on, transaction) => on.Insert(transaction, rows)) is not { } failure)
        {
            foreach (var insertion in insertions)
                insertion.Complete();
        }
        else if (insertions.Count > 1 && failure is not CommitFailedException)
        {
            // Nothing was written. One of them may be at fault (a sequence number that is there already): the others shall not pay for it.
            foreach (var insertion in insertions.ToArray())
                Insert([insertion]);
        }
        else
        {
            foreach (var insertion in insertions)
                insertion.Fail(failure);
        }
    }

    // What went wrong, or null. Only where the connection died before the commit was sent is the work done once more: then it certainly
    // left no trace.
    private Exception? InTransaction(Action<SqlSession, DbTransaction> work)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                session ??= open();
                InOne(session, work);
                return null;
            }
            catch (Exception failure)
            {
                var hadSession = session is not null;
                if (session is { IsLost: true })
                {
                    session.Dispose();
                    session = null;
                }

                if (attempt > 1 || !hadSession || session is not null || failure is CommitFailedException)
                    return failure;
            }
        }
    }

    private static void InOne(SqlSession on, Action<SqlSession, DbTransaction> work)
    {
        var transaction = on.Connection.BeginTransaction();
        var isDone = false;
        try
        {
            work(on, transaction);
            Commit(transaction);
            isDone = true;
        }
        finally
        {
            on.End(transaction, isDone);
        }
    }

    private static void Commit(DbTransaction transaction)
    {
        try
        {
            transaction.Commit();
        }
        catch (Exception failure)
        {
            throw new CommitFailedException("Whether the database has kept the transaction is unknown: " + failure.Message, failure);
        }
    }

    private abstract class Job
    {
        public abstract void Run(SqlSession session, DbTransaction transaction);

        public abstract void Complete();

        public abstract void Fail(Exception failure);
    }

    private sealed class Work<T>(Func<SqlSession, DbTransaction, T> work) : Job
    {
        private readonly TaskCompletionSource<T> completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T? result;

        public Task<T> Task => completion.Task;

        public override void Run(SqlSession session, DbTransaction transaction) => result = work(session, transaction);

        public override void Complete() => completion.SetResult(result!);

        public override void Fail(Exception failure) => completion.SetException(failure);
    }

    private sealed class Insertion(IReadOnlyList<JournalRow> rows) : Job
    {
        private readonly TaskCompletionSource completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Task => completion.Task;

        public IReadOnlyList<JournalRow> Rows => rows;

        public override void Run(SqlSession session, DbTransaction transaction) => session.Insert(transaction, rows);

        public override void Complete() => completion.SetResult();

        public override void Fail(Exception failure) => completion.SetException(failure);
    }
}

/// <summary>A commit was sent, and its outcome is unknown.</summary>
internal sealed class CommitFailedException(string message, Exception inner) : Exception(message, inner);

using ActorTrain.Models;
using ActorTrain.Models.Storage;

namespace ActorTrain.Persistence.Checkpoints;

/// <summary>What became of a save.</summary>
/// <param name="Step">The step that was to be saved.</param>
public abstract record SaveOutcome(long Step);

/// <summary>It is on disk.</summary>
/// <param name="Manifest">What was written.</param>
/// <param name="Elapsed">How long the writing took, in the background.</param>
public sealed record Saved(CheckpointManifest Manifest, TimeSpan Elapsed) : SaveOutcome(Manifest.Facts.Step);

/// <summary>It failed; earlier checkpoints are as they were.</summary>
/// <param name="Step">The step that was to be saved.</param>
/// <param name="Error">Why, in one sentence.</param>
public sealed record SaveFailed(long Step, UserErrorException Error) : SaveOutcome(Step);

/// <summary>It never began, because a newer snapshot came while the disk was still busy with an older one.</summary>
/// <param name="Step">The step that was to be saved.</param>
public sealed record Superseded(long Step) : SaveOutcome(Step);

/// <summary>Three flat buffers to copy the state of training into; rented from a <see cref="CheckpointWriter"/>.</summary>
public sealed class CheckpointSnapshot
{
    internal CheckpointSnapshot(FlatLayout layout)
    {
        Weights = new HostBuffer(layout.Length * sizeof(float));
        FirstMoment = new HostBuffer(layout.Length * sizeof(float));
        SecondMoment = new HostBuffer(layout.Length * sizeof(float));
    }

    /// <summary>Float32 parameters, laid out flat, gaps included.</summary>
    public HostBuffer Weights { get; }

    /// <summary>First moments, likewise.</summary>
    public HostBuffer FirstMoment { get; }

    /// <summary>Second moments, likewise.</summary>
    public HostBuffer SecondMoment { get; }

    internal void Free()
    {
        Weights.Dispose();
        FirstMoment.Dispose();
        SecondMoment.Dispose();
    }
}

/// <summary>Saves checkpoints in the background: training waits only while it copies its state into a rented snapshot.</summary>
/// <remarks>At most one save is being written and one waits. When a third comes, the newer takes the buffers of the waiting one, which is
/// announced as <see cref="Superseded"/>: a slow disk makes checkpoints rarer, never training slower, and the newest state submitted is
/// always written. So two snapshots are all that is ever allocated, and in the steady state nothing is.</remarks>
public sealed class CheckpointWriter : IDisposable
{
    private const int MaximumSnapshots = 2;
    private readonly Lock gate = new();
    private readonly CheckpointStore store;
    private readonly FlatLayout layout;
    private readonly Action<SaveOutcome> announce;
    private readonly TimeProvider time;
    private readonly Action? beforeCommit;
    private readonly Stack<CheckpointSnapshot> free = new();
    private readonly HashSet<CheckpointSnapshot> rented = [];
    private readonly SemaphoreSlim work = new(0);
    private readonly ManualResetEventSlim idle = new(initialState: true);
    private readonly Thread thread;
    private (CheckpointFacts Facts, CheckpointSnapshot Snapshot)? waiting;
    private int allocated;
    private bool stopping;

    /// <summary>Starts the background thread.</summary>
    /// <param name="store">Where checkpoints go; while this writer lives, nobody else commits to it.</param>
    /// <param name="layout">Where the parameters stand in each snapshot.</param>
    /// <param name="announce">Told what became of each save, on the background thread or, for <see cref="Superseded"/>, on the renting one;
    /// it must not throw.</param>
    /// <param name="time">Measures how long a save takes.</param>
    /// <param name="beforeCommit">Done on the background thread before each checkpoint is written, for what must be durable first; where
    /// it throws a <see cref="UserErrorException"/>, that save has failed.</param>
    public CheckpointWriter(
        CheckpointStore store, FlatLayout layout, Action<SaveOutcome> announce, TimeProvider time, Action? beforeCommit = null)
    {
        this.store = store;
        this.layout = layout;
        this.announce = announce;
        this.time = time;
        this.beforeCommit = beforeCommit;
        thread = new Thread(Run) { IsBackground = true, Name = "checkpoint writer" };
        thread.Start();
    }

    /// <summary>Buffers to copy into; never waits. Hand them to <see cref="Submit"/>.</summary>
    /// <exception cref="InvalidOperationException">A snapshot is rented already.</exception>
    public CheckpointSnapshot Rent()
    {
        CheckpointSnapshot snapshot;
        long? superseded = null;
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(stopping, this);
            if (rented.Count > 0)
                throw new InvalidOperationException("A snapshot is rented already; submit it first.");
            if (free.TryPop(out var unused))
            {
                snapshot = unused;
            }
            else if (allocated < MaximumSnapshots)
            {
                snapshot = new CheckpointSnapshot(layout);
                allocated++;
            }
            else
            {
                // One is being written and none is rented, so the other one waits.
                (var facts, snapshot) = waiting!.Value;
                superseded = facts.Step;
                waiting = null;
            }

            rented.Add(snapshot);
        }

        if (superseded is { } step)
            announce(new Superseded(step));
        return snapshot;
    }

    /// <summary>Hands a filled snapshot over to be written; returns at once. The outcome is announced.</summary>
    /// <param name="facts">What the checkpoint says of its run.</param>
    /// <param name="snapshot">The rented buffers, not to be touched again.</param>
    public void Submit(CheckpointFacts facts, CheckpointSnapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(facts);
        CheckpointFacts? superseded = null;
        lock (gate)
        {
            TakeBack(snapshot);
            if (waiting is { } older)
            {
                superseded = older.Facts;
                free.Push(older.Snapshot);
            }

            waiting = (facts, snapshot);
            idle.Reset();
        }

        if (superseded is not null)
            announce(new Superseded(superseded.Step));
        work.Release();
    }

    /// <summary>Waits until everything submitted has been written and announced.</summary>
    public void Drain(CancellationToken cancellation = default) => idle.Wait(cancellation);

    /// <summary>Finishes what was submitted, ends the thread and frees the buffers.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            if (stopping)
                return;
            stopping = true;
        }

        work.Release();
        thread.Join();
        foreach (var snapshot in free.Concat(rented))
            snapshot.Free();
        work.Dispose();
        idle.Dispose();
    }

    private void TakeBack(CheckpointSnapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ObjectDisposedException.ThrowIf(stopping, this);
        if (!rented.Remove(snapshot))
            throw new InvalidOperationException("This snapshot is not rented.");
    }

    private void Run()
    {
        while (true)
        {
            work.Wait();
            (CheckpointFacts Facts, CheckpointSnapshot Snapshot) job;
            lock (gate)
            {
                if (waiting is not { } next)
                {
                    if (stopping)
                        return;
                    continue;
                }

                (job, waiting) = (next, null);
            }

            announce(Save(job.Facts, job.Snapshot));
            lock (gate)
            {
                free.Push(job.Snapshot);
                if (waiting is null)
                    idle.Set();
            }
        }
    }

    private SaveOutcome Save(CheckpointFacts facts, CheckpointSnapshot snapshot)
    {
        var started = time.GetTimestamp();
        try
        {
            beforeCommit?.Invoke();
            var content = new CheckpointContent(facts, layout, snapshot.Weights, snapshot.FirstMoment, snapshot.SecondMoment);
            return new Saved(store.Commit(content), time.GetElapsedTime(started));
        }
        catch (UserErrorException exception)
        {
            return new SaveFailed(facts.Step, exception);
        }
    }
}

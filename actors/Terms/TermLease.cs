using System.Data.Common;
using System.Net.Sockets;
using ActorTrain.Models;
using ActorTrain.Persistence.Terms;

namespace ActorTrain.Actors.Terms;

/// <summary>The term of this process in the leadership of a run: taken from the journal's database, renewed by a thread, and released on
/// disposal.</summary>
/// <remarks>The lease only tells others how long to wait. What makes two leaders harmless is the fence: the database refuses decisions of
/// older terms.</remarks>
public sealed class TermLease : RunTerm, IDisposable
{
    // A renewal has failed well before the lease ends, and is tried again before it does.
    private const int RenewalsPerLease = 3, RetriesPerLease = 6, LooksPerLease = 20;
    private static readonly TimeSpan LongestPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ConfirmPatience = TimeSpan.FromSeconds(60), EndPatience = TimeSpan.FromSeconds(10);

    // Long enough that a service manager does not take repeated starts for a loop.
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(8), StartInterval = TimeSpan.FromSeconds(0.5);

    private readonly object gate = new();
    private readonly Lock database = new();
    private readonly CancellationTokenSource lost = new();
    private readonly TermTable table;
    private readonly string run;
    private readonly TimeSpan lease;
    private readonly Func<TimeSpan> clock;
    private readonly ProcessIdentity self;
    private readonly string? control;

    private Thread? renewing;
    private long number;

    // When the last successful renewal was requested, and whether an attempt has failed since.
    private TimeSpan renewed;
    private bool hasFailed;

    // When this process was last seen to run, and until when it was suspended for longer than a lease without having asked since.
    private TimeSpan seen;
    private TimeSpan? suspended;
    private bool mustAsk;
    private bool isOver;
    private bool isFenced;
    private string? loss;

    /// <param name="table">Owned.</param>
    /// <param name="lease">How long a renewal counts.</param>
    /// <param name="clock">Steady; null: that of the system, which runs on while the process or the machine is suspended.</param>
    /// <param name="self">The process that leads; null: this one.</param>
    /// <param name="control">See <see cref="TermHolder.Control"/>. An elected process waits for no other that was.</param>
    public TermLease(TermTable table, string run, TimeSpan lease, Func<TimeSpan>? clock = null, ProcessIdentity? self = null,
        string? control = null)
    {
        ArgumentNullException.ThrowIfNull(table);
        (this.table, this.run, this.lease, this.control) = (table, run, lease, control);
        (this.clock, this.self) = (clock ?? SuspendedClock.Now, self ?? ProcessIdentity.This);
    }

    // Limit for one answer to a renewal.
    private static TimeSpan PatienceFor(TimeSpan lease) => Least(lease / RenewalsPerLease, LongestPatience);

    /// <summary>Whether the database is shared, so that the lock of the run's folder proves nothing about other hosts.</summary>
    public bool IsShared => !table.IsExclusive;

    /// <summary>Whether the process that led before may still be alive and write to the run's files.</summary>
    public bool MayHaveRival { get; private set; }

    public override long Number => Volatile.Read(ref number);

    public override bool IsHeld
    {
        get
        {
            lock (gate)
                return number > 0 && loss is null && (table.IsExclusive || clock() - renewed < lease);
        }
    }

    public override CancellationToken Lost => lost.Token;

    /// <summary>Waits while the process that led last might still renew its lease, and might be dead, and a little for a database that does
    /// not answer. Changes nothing.</summary>
    /// <param name="note">Called once if there is something to wait for.</param>
    /// <exception cref="UserErrorException">Another process leads, or the database is unavailable.</exception>
    /// <exception cref="OperationCanceledException">A stop was requested.</exception>
    public void AwaitFree(Action<string> note, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(note);
        TermHolder? before = null;
        while (ReadPatiently(note, stop) is { } holder && !MayTake(holder))
        {
            if (before is null)
                note($"{holder} led {run} until {holder.Age.TotalSeconds:0.#} s ago; waiting up to {holder.Lease.TotalSeconds:0.#} s for a "
                    + "renewal.");
            else if (holder.Number != before.Number || holder.Age < before.Age)
                throw InUse(holder);
            before = holder;
            stop.WaitHandle.WaitOne(Least(holder.Lease / LooksPerLease, TimeSpan.FromSeconds(1)));
            stop.ThrowIfCancellationRequested();
        }
    }

    private TermHolder? ReadPatiently(Action<string> note, CancellationToken stop)
    {
        var until = clock() + StartPatience;
        for (var isTold = false; ; isTold = true)
        {
            try
            {
                return Read();
            }
            catch (UnavailableException) when (clock() < until)
            {
                if (!isTold)
                    note($"the journal's database does not answer; waiting up to {StartPatience.TotalSeconds:0} s for it.");
                stop.WaitHandle.WaitOne(StartInterval);
                stop.ThrowIfCancellationRequested();
            }
        }
    }

    /// <summary>Takes the run over and keeps the lease renewed.</summary>
    /// <exception cref="UserErrorException">Another process leads, or the database is unavailable.</exception>
    public void Take()
    {
        var begun = clock();
        var (former, isTaken) = Reach(() => table.Take(run, $"{self}", Environment.MachineName, lease, MayTake, control));
        if (!isTaken)
            throw InUse(former!);
        MayHaveRival = former?.IsGoneFor(self) == false;
        lock (gate)
            (number, renewed, seen) = ((former?.Number ?? 0) + 1, begun, begun);
        renewing = new Thread(Renew) { IsBackground = true, Name = "term" };
        renewing.Start();
        new Thread(Watch) { IsBackground = true, Name = "term-watch" }.Start();
    }

    public override void Confirm()
    {
        string? found;
        bool isEnding;
        lock (gate)
        {
            Look();
            for (var until = clock() + ConfirmPatience; number > 0 && loss is null && suspended is not null && !isOver;)
            {
                if (clock() >= until)
                    throw new UserErrorException($"Which process leads {run} has been unknown for {ConfirmPatience.TotalSeconds:0} s; see "
                        + "that the journal's database answers.");
                mustAsk = true;
                Monitor.PulseAll(gate);
                Monitor.Wait(gate, lease);
            }

            (found, isEnding) = (loss, isOver);
        }

        if (found is null)
            return;

        // Whoever renews may not have come to it.
        if (!isEnding)
            lost.Cancel();
        throw new TermLostException(found);
    }

    public override void Fence()
    {
        lock (database)
        {
            if (isFenced)
                return;
            table.Fence();
            isFenced = true;
        }
    }

    public override bool IsRefusal(Exception exception) => table.IsRefusal(exception);

    public override string Refuse()
    {
        lock (gate)
        {
            if (loss is not null)
                return loss;
        }

        TermHolder? holder = null;
        try
        {
            lock (database)
                holder = table.Read(run);
        }
        catch (Exception exception) when (IsAway(exception))
        {
        }

        return Lose(holder);
    }

    /// <summary>Who leads, or led last; null if nobody ever did.</summary>
    /// <exception cref="UserErrorException">The database is unavailable.</exception>
    public TermHolder? Read() => Reach(() => table.Read(run));

    /// <summary>How the run has ended for all processes that may lead it; null if it has not.</summary>
    public TermEnding? Ending { get; private set; }

    /// <summary>Ends the run for all processes that may lead it, once this term is released.</summary>
    public void Conclude(TermEnding ending) => Ending = ending;

    /// <summary>Ends the renewal, and allows the next process to take the run over without waiting.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            if (isOver)
                return;
            isOver = true;
            Monitor.PulseAll(gate);
        }

        renewing?.Join(EndPatience);
        lock (database)
        {
            try
            {
                if (number > 0 && loss is null)
                    table.Release(run, number, Ending);
            }
            catch (Exception exception) when (IsAway(exception))
            {
                // The next process waits for the lease to end.
            }

            table.Dispose();
        }

        lost.Dispose();
        Unclaim();
    }

    // Whoever asks holds the run's lock, which for a database in the run's folder is proof enough.
    private bool MayTake(TermHolder holder) =>
        table.IsExclusive || holder.IsExpired || holder.IsGoneFor(self) || (control is not null && holder.Control is not null);

    private UserErrorException InUse(TermHolder holder) => new(
        $"The run {run} is being trained by {holder}, which renewed its lease in the journal's database {holder.Age.TotalSeconds:0.#} s "
        + $"ago (term {holder.Number}); wait for it, stop it, or choose another run.name.");

    private T Reach<T>(Func<T> ask)
    {
        try
        {
            lock (database)
                return ask();
        }
        catch (Exception exception) when (IsAway(exception))
        {
            throw UnavailableException.Of(
                exception,
                $"The journal's database does not say who leads the run {run}: {exception.GetBaseException().Message.TrimEnd('.')}; "
                + "see that journal.connection names a database that answers, in which this user may create tables.");
        }
    }

    private void Renew()
    {
        while (true)
        {
            lock (gate)
            {
                if (!mustAsk && !isOver)
                    Monitor.Wait(gate, PatienceFor(lease) * (hasFailed ? RenewalsPerLease : RetriesPerLease) / RetriesPerLease);
                if (isOver || loss is not null)
                    return;
                mustAsk = false;
            }

            var begun = clock();
            try
            {
                bool isMine;
                TermHolder? holder = null;
                lock (database)
                {
                    isMine = table.Renew(run, number, PatienceFor(lease));
                    if (!isMine)
                        holder = table.Read(run);
                }

                if (isMine)
                    Note(begun, isRenewed: true);
                else
                    Lose(holder);
            }
            catch (Exception exception) when (IsAway(exception))
            {
                Note(begun, isRenewed: false);
            }
        }
    }

    // Sees whether this process was suspended, also while an attempt hangs.
    private void Watch()
    {
        lock (gate)
        {
            while (!isOver && loss is null)
            {
                Look();
                Monitor.Wait(gate, lease / LooksPerLease);
            }
        }
    }

    private void Look()
    {
        var now = clock();
        if (now - seen >= lease)
            suspended = now;
        seen = now;
    }

    // A connection also breaks because this process was suspended while it waited; that says nothing about the database.
    private void Note(TimeSpan begun, bool isRenewed)
    {
        lock (gate)
        {
            (renewed, hasFailed) = (isRenewed ? begun : renewed, !isRenewed);
            Look();
            if (begun >= suspended)
                suspended = null;
            Monitor.PulseAll(gate);
        }
    }

    private string Lose(TermHolder? holder)
    {
        string reason;
        lock (gate)
        {
            reason = loss ??= (holder is null ? $"Another process leads the run {run}" : holder.Owner is null
                    ? $"The run {run} was taken over by {holder.Address} at {holder.Since} under term {holder.Number}, and released again"
                    : $"The run {run} is led by {holder} since {holder.Since} under term {holder.Number}")
                + $"; this process, whose term was {number}, ends without saving anything.";
            Monitor.PulseAll(gate);
            if (isOver)
                return reason;
        }

        lost.Cancel();
        return reason;
    }

    private static TimeSpan Least(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private static bool IsAway(Exception exception) =>
        exception is DbException or TimeoutException or SocketException or IOException or InvalidOperationException;
}

using Akka.Dispatch;

namespace Akka.Actor;

/// <summary>Messages that an actor lays aside.</summary>
public interface IStash
{
    /// <summary>How many are laid aside.</summary>
    int Count { get; }

    /// <summary>Whether none is.</summary>
    bool IsEmpty { get; }

    /// <summary>Whether any is.</summary>
    bool NonEmpty { get; }

    /// <summary>Whether no more fits.</summary>
    bool IsFull { get; }

    /// <summary>How many fit; -1 for any number.</summary>
    int Capacity { get; }

    /// <summary>Lays the message aside that is being handled.</summary>
    /// <exception cref="StashOverflowException">No more fits.</exception>
    /// <exception cref="IllegalActorStateException">It was laid aside already.</exception>
    void Stash();

    /// <summary>Puts the oldest before all others in the mailbox.</summary>
    void Unstash();

    /// <summary>Puts all before all others in the mailbox, in their order.</summary>
    void UnstashAll();

    /// <summary>Puts those that pass before all others in the mailbox, in their order, and drops the rest.</summary>
    void UnstashAll(Func<Envelope, bool> predicate);

    /// <summary>Takes all out.</summary>
    IEnumerable<Envelope> ClearStash();

    /// <summary>Puts messages before those that are laid aside.</summary>
    void Prepend(IEnumerable<Envelope> envelopes);
}

/// <summary>An actor with a stash, whatever its mailbox.</summary>
public interface IActorStash
{
    /// <summary>The stash; set when the actor is made.</summary>
    IStash Stash { get; set; }
}

/// <summary>An actor with a stash, bounded if its mailbox says so.</summary>
public interface IWithStash : IActorStash, IRequiresMessageQueue<IDequeBasedMessageQueueSemantics>
{
}

/// <summary>An actor with a stash without bound.</summary>
public interface IWithUnboundedStash : IWithStash, IRequiresMessageQueue<IUnboundedDequeBasedMessageQueueSemantics>
{
}

/// <summary>An actor with a stash and a mailbox that have bounds.</summary>
public interface IWithBoundedStash : IWithStash, IRequiresMessageQueue<IBoundedDequeBasedMessageQueueSemantics>
{
}

/// <summary>An actor with a stash without bound, whatever its mailbox.</summary>
public interface IWithUnrestrictedStash : IActorStash
{
}

/// <summary>The stash of one instance of an actor.</summary>
internal sealed class ActorStash(ActorCell cell, int capacity) : IStash
{
    private LinkedList<Envelope> stashed = new();
    private long lastStashed;

    public int Count => stashed.Count;

    public bool IsEmpty => stashed.Count == 0;

    public bool NonEmpty => stashed.Count > 0;

    public bool IsFull => capacity > 0 && stashed.Count >= capacity;

    public int Capacity => capacity > 0 ? capacity : -1;

    private IDequeBasedMessageQueueSemantics Mailbox => cell.Mailbox.MessageQueue as IDequeBasedMessageQueueSemantics
        ?? throw new NotSupportedException(
            $"DequeBasedMailbox required, got: {cell.Mailbox.MessageQueue.GetType().Name}. An (unbounded) deque-based mailbox can be configured by `mailbox-type = \"Akka.Dispatch.UnboundedDequeBasedMailbox\"`.");

    public void Stash()
    {
        var message = cell.CurrentMessage;
        if (cell.CurrentEnvelopeId == lastStashed)
            throw new IllegalActorStateException($"Can't stash the same message {message} more than once");
        if (IsFull)
            throw new StashOverflowException($"Couldn't enqueue message {message} to stash of {cell.Self}");
        lastStashed = cell.CurrentEnvelopeId;
        stashed.AddLast(new Envelope(message, cell.CurrentSender));
    }

    public void Unstash()
    {
        if (stashed.First is not { } first)
            return;
        stashed.RemoveFirst();
        EnqueueFirst(first.Value);
    }

    public void UnstashAll() => UnstashAll(static _ => true);

    public void UnstashAll(Func<Envelope, bool> predicate)
    {
        foreach (var envelope in ClearStash().Reverse().Where(predicate))
            EnqueueFirst(envelope);
    }

    public IEnumerable<Envelope> ClearStash()
    {
        var all = stashed;
        stashed = new LinkedList<Envelope>();
        return all;
    }

    public void Prepend(IEnumerable<Envelope> envelopes)
    {
        foreach (var envelope in envelopes.Distinct().Reverse())
            stashed.AddFirst(envelope);
    }

    private void EnqueueFirst(Envelope envelope)
    {
        Mailbox.EnqueueFirst(envelope);
        if (envelope.Message is Terminated terminated)
            cell.TerminatedQueuedFor(terminated.ActorRef);
    }
}

/// <summary>What an actor's interfaces ask for: given when it is made, taken back when it is restarted or ends.</summary>
internal static class ActorExtras
{
    public static void Attach(ActorBase actor, ActorCell cell)
    {
        if (actor is IActorStash withStash)
        {
            var capacity = actor is IWithUnboundedStash or IWithUnrestrictedStash
                ? cell.Props.Deploy.StashCapacity
                : cell.SystemImpl.Mailboxes.StashCapacity(cell.Props, cell.Dispatcher.Configurator.Config);
            withStash.Stash ??= new ActorStash(cell, capacity);
        }
        if (actor is IWithTimers withTimers)
            withTimers.Timers ??= new TimerScheduler(cell);
    }

    /// <summary>Timers end; what is laid aside goes back into the mailbox.</summary>
    public static void Detach(ActorBase actor)
    {
        (actor as IWithTimers)?.Timers?.CancelAll();
        (actor as IActorStash)?.Stash?.UnstashAll();
    }
}

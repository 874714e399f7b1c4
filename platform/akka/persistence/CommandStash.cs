using Akka.Actor;
using Akka.Dispatch;

namespace Akka.Persistence;

/// <summary>The commands of a persistent actor that wait while it recovers or persists; apart from the actor's own stash.</summary>
internal sealed class CommandStash
{
    private readonly ActorCell cell;
    private readonly int capacity;
    private Queue<Envelope> waiting = new();

    public CommandStash(ActorCell cell)
    {
        this.cell = cell;
        capacity = cell.Props.Deploy.StashCapacity > 0
            ? cell.Props.Deploy.StashCapacity
            : cell.SystemImpl.Mailboxes.StashCapacity(cell.Props, cell.Dispatcher.Configurator.Config);
    }

    private IDequeBasedMessageQueueSemantics Mailbox => cell.Mailbox.MessageQueue as IDequeBasedMessageQueueSemantics
        ?? throw new ActorInitializationException(cell.Self,
            $"A persistent actor needs a deque-based mailbox; this one has a {cell.Mailbox.MessageQueue.GetType().Name}.");

    /// <summary>Lays the message aside that is being handled.</summary>
    /// <exception cref="StashOverflowException">No more fits.</exception>
    public void Stash()
    {
        if (capacity > 0 && waiting.Count >= capacity)
            throw new StashOverflowException($"Couldn't enqueue message {cell.CurrentMessage} to stash of {cell.Self}: it holds {capacity}.");
        waiting.Enqueue(new Envelope(cell.CurrentMessage, cell.CurrentSender));
    }

    /// <summary>Puts the oldest in front of the mailbox.</summary>
    public void Unstash()
    {
        if (waiting.TryDequeue(out var envelope))
            EnqueueFirst(envelope);
    }

    /// <summary>Puts all in front of the mailbox, in their order.</summary>
    public void UnstashAll()
    {
        foreach (var envelope in waiting.Reverse())
            EnqueueFirst(envelope);
        waiting.Clear();
    }

    /// <summary>Puts messages in front of those that wait.</summary>
    public void Prepend(IEnumerable<Envelope> envelopes) => waiting = new Queue<Envelope>([.. envelopes, .. waiting]);

    private void EnqueueFirst(Envelope envelope)
    {
        Mailbox.EnqueueFirst(envelope);
        if (envelope.Message is Terminated terminated)
            cell.TerminatedQueuedFor(terminated.ActorRef);
    }
}

using Akka.Actor;

namespace Akka.Dispatch.MessageQueues;

/// <summary>The user messages of an actor: any thread puts, one takes.</summary>
public interface IMessageQueue
{
    /// <summary>Whether a message waits.</summary>
    bool HasMessages { get; }

    /// <summary>How many messages wait.</summary>
    int Count { get; }

    /// <summary>Puts a message.</summary>
    void Enqueue(IActorRef receiver, Envelope envelope);

    /// <summary>Takes the next message.</summary>
    bool TryDequeue(out Envelope envelope);

    /// <summary>Hands over what is left when the actor ends.</summary>
    void CleanUp(IActorRef owner, IMessageQueue deadletters);
}

/// <summary>A queue without bound, of linked segments; putting is one interlocked step.</summary>
public class UnboundedMessageQueue : IMessageQueue, IUnboundedMessageQueueSemantics
{
    private const int FirstLength = 8;
    private const int LongestLength = 512;

    private Segment head;
    private Segment tail;
    private int taken;

    /// <inheritdoc />
    /// <remarks>Counts places that were given out, not those already filled: a sender takes its place before it looks whether the
    /// actor is scheduled, so either it sees the actor idle or the actor sees the place.</remarks>
    public virtual bool HasMessages
    {
        get
        {
            var segment = Volatile.Read(ref head);
            for (var at = taken; segment is not null; segment = Volatile.Read(ref segment.Next), at = 0)
            {
                if (at < Math.Min(Volatile.Read(ref segment.Given), segment.Slots.Length))
                    return true;
            }
            return false;
        }
    }

    /// <inheritdoc />
    public virtual int Count
    {
        get
        {
            var count = -taken;
            for (var segment = Volatile.Read(ref head); segment is not null; segment = Volatile.Read(ref segment.Next))
                count += Math.Min(Volatile.Read(ref segment.Given), segment.Slots.Length);
            return Math.Max(count, 0);
        }
    }

    /// <inheritdoc />
    public void Enqueue(IActorRef receiver, Envelope envelope) => Put(envelope);

    /// <inheritdoc />
    public virtual bool TryDequeue(out Envelope envelope)
    {
        var segment = head;
        if (segment is not null && taken == segment.Slots.Length && Volatile.Read(ref segment.Next) is { } next)
        {
            head = segment = next;
            taken = 0;
        }
        if (segment is null || taken >= Math.Min(Volatile.Read(ref segment.Given), segment.Slots.Length))
        {
            envelope = default;
            return false;
        }
        ref var slot = ref segment.Slots[taken];
        var message = Volatile.Read(ref slot.Message);
        if (message is null)
        {
            // The sender has its place and is about to fill it.
            var wait = default(SpinWait);
            while ((message = Volatile.Read(ref slot.Message)) is null)
                wait.SpinOnce();
        }
        envelope = new Envelope(message, slot.Sender);
        slot = default;
        taken++;
        return true;
    }

    /// <inheritdoc />
    public virtual void CleanUp(IActorRef owner, IMessageQueue deadletters)
    {
        while (TryDequeue(out var envelope))
            deadletters.Enqueue(owner, envelope);
    }

    private void Put(Envelope envelope)
    {
        var segment = Volatile.Read(ref tail) ?? First();
        while (true)
        {
            if (Volatile.Read(ref segment.Given) < segment.Slots.Length)
            {
                var place = Interlocked.Increment(ref segment.Given) - 1;
                if (place < segment.Slots.Length)
                {
                    ref var slot = ref segment.Slots[place];
                    slot.Sender = envelope.Sender;
                    Volatile.Write(ref slot.Message, envelope.Message);
                    return;
                }
            }
            var next = Volatile.Read(ref segment.Next);
            if (next is null)
            {
                var longer = new Segment(Math.Min(2 * segment.Slots.Length, LongestLength));
                next = Interlocked.CompareExchange(ref segment.Next, longer, null) ?? longer;
            }
            Interlocked.CompareExchange(ref tail, next, segment);
            segment = next;
        }
    }

    private Segment First()
    {
        var first = new Segment(FirstLength);
        first = Interlocked.CompareExchange(ref head, first, null) ?? first;
        // The first segment may have been left behind already; then the tail is set.
        return Interlocked.CompareExchange(ref tail, first, null) ?? first;
    }

    private sealed class Segment(int length)
    {
        public readonly Slot[] Slots = new Slot[length];
        public int Given;
        public Segment Next;
    }

    private struct Slot
    {
        public object Message;
        public IActorRef Sender;
    }
}

/// <summary>A queue without bound that takes messages at its front too; only the actor itself puts them there.</summary>
public class UnboundedDequeMessageQueue : UnboundedMessageQueue, IUnboundedDequeBasedMessageQueueSemantics
{
    private readonly Stack<Envelope> front = new();

    /// <inheritdoc />
    public override bool HasMessages => front.Count > 0 || base.HasMessages;

    /// <inheritdoc />
    public override int Count => front.Count + base.Count;

    /// <inheritdoc />
    public void EnqueueFirst(Envelope envelope) => front.Push(envelope);

    /// <inheritdoc />
    public override bool TryDequeue(out Envelope envelope) => front.TryPop(out envelope) || base.TryDequeue(out envelope);
}

using System.Collections.Concurrent;
using Akka.Actor;

namespace Akka.Dispatch.MessageQueues;

/// <summary>A queue with a bound: at it a sender waits for the push timeout, then its message is a dead letter.</summary>
public class BoundedMessageQueue : IMessageQueue, IBoundedMessageQueueSemantics
{
    private readonly ConcurrentQueue<Envelope> queue = new();
    private readonly SemaphoreSlim room;

    /// <summary>With the settings `mailbox-capacity` and `mailbox-push-timeout-time`.</summary>
    public BoundedMessageQueue(Configuration.Config config) : this(config.GetInt("mailbox-capacity"), config.GetTimeSpan("mailbox-push-timeout-time"))
    {
    }

    /// <summary>With a bound and a time; a negative time waits for ever.</summary>
    public BoundedMessageQueue(int boundedCapacity, TimeSpan pushTimeOut)
    {
        if (boundedCapacity <= 0)
            throw new ArgumentException("The capacity of a bounded mailbox must be above zero.", nameof(boundedCapacity));
        room = new SemaphoreSlim(boundedCapacity);
        PushTimeOut = pushTimeOut < TimeSpan.Zero ? Timeout.InfiniteTimeSpan : pushTimeOut;
    }

    /// <inheritdoc />
    public TimeSpan PushTimeOut { get; set; }

    /// <inheritdoc />
    public virtual bool HasMessages => !queue.IsEmpty;

    /// <inheritdoc />
    public virtual int Count => queue.Count;

    /// <inheritdoc />
    public void Enqueue(IActorRef receiver, Envelope envelope)
    {
        if (room.Wait(PushTimeOut))
            queue.Enqueue(envelope);
        else
            ((IInternalActorRef)receiver).Provider.DeadLetters.Tell(new Event.DeadLetter(envelope.Message, envelope.Sender, receiver), envelope.Sender);
    }

    /// <inheritdoc />
    public virtual bool TryDequeue(out Envelope envelope)
    {
        if (!queue.TryDequeue(out envelope))
            return false;
        room.Release();
        return true;
    }

    /// <inheritdoc />
    public void CleanUp(IActorRef owner, IMessageQueue deadletters)
    {
        while (TryDequeue(out var envelope))
            deadletters.Enqueue(owner, envelope);
    }
}

/// <summary>A queue with a bound that takes messages at its front too; what comes back there does not count against the bound.</summary>
public class BoundedDequeMessageQueue : BoundedMessageQueue, IBoundedDequeBasedMessageQueueSemantics
{
    private readonly Stack<Envelope> front = new();

    /// <summary>With the settings `mailbox-capacity` and `mailbox-push-timeout-time`.</summary>
    public BoundedDequeMessageQueue(Configuration.Config config) : base(config)
    {
    }

    /// <summary>With a bound and a time; a negative time waits for ever.</summary>
    public BoundedDequeMessageQueue(int boundedCapacity, TimeSpan pushTimeOut) : base(boundedCapacity, pushTimeOut)
    {
    }

    /// <inheritdoc />
    public override bool HasMessages => front.Count > 0 || base.HasMessages;

    /// <inheritdoc />
    public override int Count => front.Count + base.Count;

    /// <inheritdoc />
    public void EnqueueFirst(Envelope envelope) => front.Push(envelope);

    /// <inheritdoc />
    public override bool TryDequeue(out Envelope envelope) => front.TryPop(out envelope) || base.TryDequeue(out envelope);
}

using Akka.Actor;

namespace Akka.Dispatch;

/// <summary>What a message queue promises.</summary>
public interface ISemantics
{
}

/// <summary>Has no bound.</summary>
public interface IUnboundedMessageQueueSemantics : ISemantics
{
}

/// <summary>Has a bound, and a time that a sender waits at it.</summary>
public interface IBoundedMessageQueueSemantics : ISemantics
{
    /// <summary>How long a sender waits for room.</summary>
    TimeSpan PushTimeOut { get; }
}

/// <summary>May be read by several at once.</summary>
public interface IMultipleConsumerSemantics : ISemantics
{
}

/// <summary>Takes messages at its front too.</summary>
public interface IDequeBasedMessageQueueSemantics : ISemantics
{
    /// <summary>Puts a message before all others.</summary>
    void EnqueueFirst(Envelope envelope);
}

/// <summary>Takes messages at its front too, without bound.</summary>
public interface IUnboundedDequeBasedMessageQueueSemantics : IDequeBasedMessageQueueSemantics, IUnboundedMessageQueueSemantics
{
}

/// <summary>Takes messages at its front too, with a bound.</summary>
public interface IBoundedDequeBasedMessageQueueSemantics : IDequeBasedMessageQueueSemantics, IBoundedMessageQueueSemantics
{
}

/// <summary>Marks actors that need a kind of message queue.</summary>
public interface IRequiresMessageQueue<T> where T : ISemantics
{
}

/// <summary>Marks mailbox types that make a kind of message queue.</summary>
public interface IProducesMessageQueue<TQueue> where TQueue : MessageQueues.IMessageQueue
{
}

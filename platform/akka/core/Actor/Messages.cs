using Akka.Dispatch.SysMsg;
using Akka.Event;

namespace Akka.Actor;

/// <summary>Marks messages that a check of serialization leaves out.</summary>
public interface INoSerializationVerificationNeeded
{
}

/// <summary>Marks messages that an actor's cell handles before the actor sees them.</summary>
public interface IAutoReceivedMessage
{
}

/// <summary>Marks messages that may go to an actor though it might have ended.</summary>
public interface IPossiblyHarmful
{
}

/// <summary>Marks messages that do not count as activity for the receive timeout.</summary>
public interface INotInfluenceReceiveTimeout
{
}

/// <summary>Says to a watcher that an actor has ended.</summary>
public sealed class Terminated : IAutoReceivedMessage, IPossiblyHarmful, IDeadLetterSuppression, INoSerializationVerificationNeeded
{
    /// <summary>With the actor that ended.</summary>
    public Terminated(IActorRef actorRef, bool existenceConfirmed, bool addressTerminated)
    {
        ActorRef = actorRef;
        ExistenceConfirmed = existenceConfirmed;
        AddressTerminated = addressTerminated;
    }

    /// <summary>The actor that ended.</summary>
    public IActorRef ActorRef { get; }

    /// <summary>Whether its whole system is gone.</summary>
    public bool AddressTerminated { get; }

    /// <summary>Whether it was there at all.</summary>
    public bool ExistenceConfirmed { get; }

    /// <inheritdoc />
    public override string ToString() => $"<Terminated>: {ActorRef} - ExistenceConfirmed={ExistenceConfirmed}";
}

/// <summary>Asks an actor who it is; answered with an <see cref="ActorIdentity"/>.</summary>
public sealed class Identify : IAutoReceivedMessage, INotInfluenceReceiveTimeout
{
    /// <summary>With what the answer will carry.</summary>
    public Identify(object messageId) => MessageId = messageId;

    /// <summary>What the answer will carry.</summary>
    public object MessageId { get; }

    /// <inheritdoc />
    public override bool Equals(object obj) => obj is Identify other && Equals(MessageId, other.MessageId);

    /// <inheritdoc />
    public override int GetHashCode() => MessageId?.GetHashCode() ?? 0;

    /// <inheritdoc />
    public override string ToString() => $"<Identify>: {MessageId}";
}

/// <summary>The answer to an <see cref="Identify"/>.</summary>
public sealed class ActorIdentity
{
    /// <summary>With what the question carried and the actor, or null where there is none.</summary>
    public ActorIdentity(object messageId, IActorRef subject)
    {
        MessageId = messageId;
        Subject = subject;
    }

    /// <summary>What the question carried.</summary>
    public object MessageId { get; }

    /// <summary>The actor, or null where there is none.</summary>
    public IActorRef Subject { get; }

    /// <inheritdoc />
    public override bool Equals(object obj) => obj is ActorIdentity other && Equals(MessageId, other.MessageId) && Equals(Subject, other.Subject);

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(MessageId, Subject);

    /// <inheritdoc />
    public override string ToString() => $"<ActorIdentity>: {Subject} - MessageId={MessageId}";
}

/// <summary>Stops an actor when it comes to this message.</summary>
public sealed class PoisonPill : IAutoReceivedMessage, IPossiblyHarmful, IDeadLetterSuppression
{
    private PoisonPill()
    {
    }

    /// <summary>The one there is.</summary>
    public static PoisonPill Instance { get; } = new();

    /// <inheritdoc />
    public override string ToString() => "<PoisonPill>";
}

/// <summary>Makes an actor fail with an <see cref="ActorKilledException"/> when it comes to this message.</summary>
public sealed class Kill : IAutoReceivedMessage, IPossiblyHarmful
{
    private Kill()
    {
    }

    /// <summary>The one there is.</summary>
    public static Kill Instance { get; } = new();

    /// <inheritdoc />
    public override string ToString() => "<Kill>";
}

/// <summary>Says that nothing came for as long as <see cref="IActorContext.SetReceiveTimeout"/> was told.</summary>
public sealed class ReceiveTimeout : IPossiblyHarmful
{
    private ReceiveTimeout()
    {
    }

    /// <summary>The one there is.</summary>
    public static ReceiveTimeout Instance { get; } = new();

    /// <inheritdoc />
    public override string ToString() => "<ReceiveTimeout>";
}

/// <summary>The answers to requests that only succeed or fail.</summary>
public abstract class Status
{
    private protected Status()
    {
    }

    /// <summary>It went well.</summary>
    public sealed class Success : Status
    {
        /// <summary>With nothing to say.</summary>
        public static readonly Success Instance = new(null);

        /// <summary>With a result.</summary>
        public Success(object status) => Status = status;

        /// <summary>The result.</summary>
        public object Status { get; }

        /// <inheritdoc />
        public override string ToString() => $"Success: {Status}";
    }

    /// <summary>It failed; the sender of an Ask gets the exception.</summary>
    public sealed class Failure : Status
    {
        /// <summary>With what was thrown.</summary>
        public Failure(Exception cause) => Cause = cause;

        /// <summary>With what was thrown and more.</summary>
        public Failure(Exception cause, object state)
        {
            Cause = cause;
            State = state;
        }

        /// <summary>What was thrown.</summary>
        public Exception Cause { get; }

        /// <summary>More about it.</summary>
        public object State { get; }

        /// <inheritdoc />
        public override string ToString() => $"Failure: {Cause}";
    }
}

/// <summary>A message that goes to the actors of a path relative to the one that gets it.</summary>
internal sealed class ActorSelectionMessage(object message, SelectionPathElement[] elements, bool wildCardFanOut) : IAutoReceivedMessage, IPossiblyHarmful
{
    public object Message => message;

    public SelectionPathElement[] Elements => elements;

    public bool WildCardFanOut => wildCardFanOut;
}

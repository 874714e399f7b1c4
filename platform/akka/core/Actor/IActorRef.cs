using Akka.Dispatch.SysMsg;
using Akka.Util;

namespace Akka.Actor;

/// <summary>Something that messages may be sent to.</summary>
public interface ICanTell
{
    /// <summary>Sends a message without waiting; at most once, in order between two actors.</summary>
    void Tell(object message, IActorRef sender);
}

/// <summary>A handle to an actor; valid for ever, though the actor may end.</summary>
public interface IActorRef : ICanTell, IEquatable<IActorRef>, IComparable<IActorRef>, ISurrogated, IComparable
{
    /// <summary>Where the actor is.</summary>
    ActorPath Path { get; }
}

/// <summary>Whether a reference is to this process.</summary>
public interface IActorRefScope
{
    /// <summary>Whether the actor is in this process.</summary>
    bool IsLocal { get; }
}

/// <summary>What the system itself may ask of an actor.</summary>
public interface IInternalActorRef : IActorRef, IActorRefScope
{
    /// <summary>The actor above.</summary>
    IInternalActorRef Parent { get; }

    /// <summary>The provider that made the reference.</summary>
    IActorRefProvider Provider { get; }

    /// <summary>Whether the actor has ended.</summary>
    bool IsTerminated { get; }

    /// <summary>The actor at a relative path, or <see cref="Nobody"/>.</summary>
    IActorRef GetChild(IReadOnlyList<string> name);

    /// <summary>Lets user messages run again after a suspend.</summary>
    void Resume(Exception causedByFailure = null);

    /// <summary>Starts an actor that was just made.</summary>
    void Start();

    /// <summary>Ends the actor after the message that it is at.</summary>
    void Stop();

    /// <summary>Restarts the actor.</summary>
    void Restart(Exception cause);

    /// <summary>Stops user messages.</summary>
    void Suspend();

    /// <summary>Sends a message of the system itself.</summary>
    void SendSystemMessage(ISystemMessage message);
}

/// <summary>Sending with the sender that runs.</summary>
public static class ActorRefImplicitSenderExtensions
{
    /// <summary>Sends with the actor that runs on this thread as sender.</summary>
#nullable enable annotations
    public static void Tell(this IActorRef receiver, object message) => receiver.Tell(message, ActorCell.GetCurrentSelfOrNoSender());

    /// <summary>Sends on with the sender of the message that is being handled.</summary>
    public static void Forward(this IActorRef receiver, object message) => receiver.Tell(message, ActorCell.GetCurrentSenderOrNoSender());
#nullable restore annotations
}

/// <summary>References that are always there.</summary>
public static class ActorRefs
{
    /// <summary>An actor that is not there.</summary>
    public static readonly Nobody Nobody = Nobody.Instance;

    /// <summary>No sender.</summary>
#nullable enable annotations
    public static readonly IActorRef? NoSender;
#nullable restore annotations
}

/// <summary>What may be asked of any reference about its kind.</summary>
public static class ActorRefExtensions
{
    /// <summary>Whether it is null or <see cref="Nobody"/>.</summary>
    public static bool IsNobody(this IActorRef actorRef) => actorRef is null or Actor.Nobody;

    /// <summary>The other reference where this is null or <see cref="Nobody"/>.</summary>
    public static IActorRef GetOrElse(this IActorRef actorRef, Func<IActorRef> elseValue) => actorRef.IsNobody() ? elseValue() : actorRef;
}

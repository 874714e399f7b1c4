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
    public static void Tell(this IActorRef receiver, object message) => receiver.Tell(message, ActorCell.GetCurrentSelfOrNoSender());

    /// <summary>Sends on with the sender of the message that is being handled.</summary>
    public static void Forward(this IActorRef receiver, object message) => receiver.Tell(message, ActorCell.GetCurrentSenderOrNoSender());
}

/// <summary>References that are always there.</summary>
public static class ActorRefs
{
    /// <summary>An actor that is not there.</summary>
    public static readonly Nobody Nobody = Nobody.Instance;

    /// <summary>No sender.</summary>
    public static readonly IActorRef NoSender;
}

/// <summary>What references have in common: equality by path and incarnation.</summary>
public abstract class ActorRefBase : IActorRef
{
    /// <inheritdoc />
    public abstract ActorPath Path { get; }

    /// <inheritdoc />
    public void Tell(object message, IActorRef sender) => TellInternal(message, sender);

    /// <summary>Delivers a message.</summary>
    protected abstract void TellInternal(object message, IActorRef sender);

    /// <inheritdoc />
    public bool Equals(IActorRef other)
        => ReferenceEquals(this, other) || (other is not null && Path.Uid == other.Path.Uid && Path.Equals(other.Path));

    /// <inheritdoc />
    public override bool Equals(object obj) => obj is IActorRef other && Equals(other);

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(Path, Path.Uid);

    /// <inheritdoc />
    public int CompareTo(IActorRef other)
    {
        if (other is null)
            return 1;
        var byPath = Path.CompareTo(other.Path);
        return byPath != 0 ? byPath : Path.Uid.CompareTo(other.Path.Uid);
    }

    /// <inheritdoc />
    public int CompareTo(object obj) => obj is IActorRef other
        ? CompareTo(other)
        : obj is null ? 1 : throw new ArgumentException($"An actor reference is compared with another, not with {obj.GetType().Name}.", nameof(obj));

    /// <inheritdoc />
    public virtual ISurrogate ToSurrogate(ActorSystem system) => new Surrogate(Serialization.Serialization.SerializedActorPath(this));

    /// <summary>`[path#uid]`.</summary>
    public override string ToString() => Path.Uid == 0 ? $"[{Path}]" : $"[{Path}#{Path.Uid}]";

    /// <summary>A path that stands for a reference while it is written down.</summary>
    public class Surrogate : ISurrogate
    {
        /// <summary>With a path.</summary>
        public Surrogate(string path) => Path = path;

        /// <summary>The path.</summary>
        public string Path { get; }

        /// <inheritdoc />
        public ISurrogated FromSurrogate(ActorSystem system) => ((ExtendedActorSystem)system).Provider.ResolveActorRef(Path);
    }
}

/// <summary>A reference of the system itself.</summary>
public abstract class InternalActorRefBase : ActorRefBase, IInternalActorRef
{
    /// <inheritdoc />
    public abstract IInternalActorRef Parent { get; }

    /// <inheritdoc />
    public abstract IActorRefProvider Provider { get; }

    /// <inheritdoc />
    public abstract bool IsTerminated { get; }

    /// <inheritdoc />
    public abstract bool IsLocal { get; }

    /// <inheritdoc />
    public abstract IActorRef GetChild(IReadOnlyList<string> name);

    /// <inheritdoc />
    public abstract void Resume(Exception causedByFailure = null);

    /// <inheritdoc />
    public abstract void Start();

    /// <inheritdoc />
    public abstract void Stop();

    /// <inheritdoc />
    public abstract void Restart(Exception cause);

    /// <inheritdoc />
    public abstract void Suspend();

    /// <inheritdoc />
    public abstract void SendSystemMessage(ISystemMessage message);
}

/// <summary>A reference without an actor behind it; every hook does nothing unless overridden.</summary>
public abstract class MinimalActorRef : InternalActorRefBase
{
    /// <inheritdoc />
    public override IInternalActorRef Parent => Nobody.Instance;

    /// <inheritdoc />
    public override bool IsTerminated => false;

    /// <inheritdoc />
    public override bool IsLocal => true;

    /// <inheritdoc />
    public override IActorRef GetChild(IReadOnlyList<string> name)
        => name.All(string.IsNullOrEmpty) ? this : Nobody.Instance;

    /// <inheritdoc />
    public override void Resume(Exception causedByFailure = null)
    {
    }

    /// <inheritdoc />
    public override void Start()
    {
    }

    /// <inheritdoc />
    public override void Stop()
    {
    }

    /// <inheritdoc />
    public override void Restart(Exception cause)
    {
    }

    /// <inheritdoc />
    public override void Suspend()
    {
    }

    /// <inheritdoc />
    public override void SendSystemMessage(ISystemMessage message)
    {
    }

    /// <inheritdoc />
    protected override void TellInternal(object message, IActorRef sender)
    {
    }
}

/// <summary>The actor that is not there; what is sent to it is gone.</summary>
public sealed class Nobody : MinimalActorRef
{
    private Nobody()
    {
    }

    /// <summary>The one there is.</summary>
    public static Nobody Instance { get; } = new();

    /// <inheritdoc />
    public override ActorPath Path { get; } = new RootActorPath(new Address("akka", "all-systems")) / "Nobody";

    /// <inheritdoc />
    public override IActorRefProvider Provider => throw new NotSupportedException("Nobody belongs to no actor system.");
}

/// <summary>What may be asked of any reference about its kind.</summary>
public static class ActorRefExtensions
{
    /// <summary>Whether it is null or <see cref="Nobody"/>.</summary>
    public static bool IsNobody(this IActorRef actorRef) => actorRef is null or Actor.Nobody;

    /// <summary>The other reference where this is null or <see cref="Nobody"/>.</summary>
    public static IActorRef GetOrElse(this IActorRef actorRef, Func<IActorRef> elseValue) => actorRef.IsNobody() ? elseValue() : actorRef;
}

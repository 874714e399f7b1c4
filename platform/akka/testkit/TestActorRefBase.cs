using Akka.Actor;
using Akka.Dispatch.SysMsg;
using Akka.Util;

namespace Akka.TestKit;

/// <summary>What references have in common whose actor a test may look at.</summary>
/// <typeparam name="TActor">The type of the actor.</typeparam>
public abstract class TestActorRefBase<TActor> : IInternalActorRef
    where TActor : ActorBase
{
    private readonly LocalActorRef reference;

    /// <summary>Makes the actor on the calling-thread dispatcher, below a supervisor or the user guardian.</summary>
    protected TestActorRefBase(ActorSystem system, Props actorProps, IActorRef? supervisor = null, string? name = null)
    {
        var props = actorProps.WithDispatcher(CallingThreadDispatcher.Id);
        reference = (LocalActorRef)(supervisor is LocalActorRef parent ? parent.Cell.ActorOf(props, name) : system.ActorOf(props, name));
    }

    /// <summary>The reference itself.</summary>
    public IActorRef Ref => reference;

    /// <summary>Where the actor is.</summary>
    public ActorPath Path => reference.Path;

    /// <summary>The actor's present instance.</summary>
    /// <exception cref="IllegalActorStateException">The actor has stopped.</exception>
    public TActor UnderlyingActor => (TActor)(reference.Cell.Actor
        ?? throw new IllegalActorStateException($"Actor {reference} has been stopped and has no instance any more."));

    /// <summary>Tells the actor something; the test actor is the sender where a test does.</summary>
    public void Tell(object message) => reference.Tell(message);

    /// <inheritdoc/>
    public void Tell(object message, IActorRef sender) => reference.Tell(message, sender);

    /// <summary>Tells the actor something in the name of the sender of the message that is being handled.</summary>
    public void Forward(object message) => reference.Forward(message);

    /// <summary>Gives the actor a system message.</summary>
    public void SendSystemMessage(ISystemMessage message) => reference.SendSystemMessage(message);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => reference.Equals(obj);

    /// <inheritdoc/>
    public bool Equals(IActorRef? other) => reference.Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => reference.GetHashCode();

    /// <inheritdoc/>
    public int CompareTo(object? obj) => reference.CompareTo(obj);

    /// <inheritdoc/>
    public override string ToString() => reference.ToString();

    int IComparable<IActorRef>.CompareTo(IActorRef? other) => reference.CompareTo(other);

    ISurrogate ISurrogated.ToSurrogate(ActorSystem system) => reference.ToSurrogate(system);

    bool IActorRefScope.IsLocal => true;

    IInternalActorRef IInternalActorRef.Parent => reference.Parent;

    IActorRefProvider IInternalActorRef.Provider => reference.Provider;

    bool IInternalActorRef.IsTerminated => reference.IsTerminated;

    IActorRef IInternalActorRef.GetChild(IReadOnlyList<string> name) => reference.GetChild(name);

    void IInternalActorRef.Resume(Exception causedByFailure) => reference.Resume(causedByFailure);

    void IInternalActorRef.Start() => reference.Start();

    void IInternalActorRef.Stop() => reference.Stop();

    void IInternalActorRef.Restart(Exception cause) => reference.Restart(cause);

    void IInternalActorRef.Suspend() => reference.Suspend();
}

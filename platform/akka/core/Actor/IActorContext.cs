using Akka.Dispatch;

namespace Akka.Actor;

/// <summary>Handles a message; false where it does not know it.</summary>
public delegate bool Receive(object message);

/// <summary>Handles a message.</summary>
public delegate void UntypedReceive(object message);

/// <summary>Makes and stops actors.</summary>
public interface IActorRefFactory
{
    /// <summary>Makes an actor; a name is made where none is given.</summary>
    /// <exception cref="InvalidActorNameException">The name may not be had, or another has it.</exception>
    IActorRef ActorOf(Props props, string name = null);

    /// <summary>The actors of a path.</summary>
    ActorSelection ActorSelection(ActorPath actorPath);

    /// <summary>The actors of a path, which may be relative and may hold `*` and `?`.</summary>
    ActorSelection ActorSelection(string actorPath);
}

/// <summary>Watches actors for their end.</summary>
public interface ICanWatch
{
    /// <summary>Asks for a <see cref="Terminated"/> when the actor ends.</summary>
    /// <exception cref="InvalidOperationException">It is watched with a message of its own already.</exception>
    IActorRef Watch(IActorRef subject);

    /// <summary>Asks for a message when the actor ends.</summary>
    /// <exception cref="InvalidOperationException">It is watched otherwise already.</exception>
    IActorRef WatchWith(IActorRef subject, object message);

    /// <summary>Asks no more; a <see cref="Terminated"/> that is on its way does not come.</summary>
    IActorRef Unwatch(IActorRef subject);
}

/// <summary>What an actor knows of itself and its place, and may ask of the system.</summary>
public interface IActorContext : IActorRefFactory, ICanWatch
{
    /// <summary>The actor itself.</summary>
    IActorRef Self { get; }

    /// <summary>How it was made.</summary>
    Props Props { get; }

    /// <summary>The dispatcher that it runs on.</summary>
    MessageDispatcher Dispatcher { get; }

    /// <summary>Who sent the message that is being handled.</summary>
    IActorRef Sender { get; }

    /// <summary>The system.</summary>
    ActorSystem System { get; }

    /// <summary>The actor above.</summary>
    IActorRef Parent { get; }

    /// <summary>After how long without a message a <see cref="Actor.ReceiveTimeout"/> comes; null for never.</summary>
    TimeSpan? ReceiveTimeout { get; }

    /// <summary>Handles the next messages otherwise.</summary>
    void Become(Receive receive);

    /// <summary>Handles the next messages otherwise, until <see cref="UnbecomeStacked"/>.</summary>
    void BecomeStacked(Receive receive);

    /// <summary>Handles messages as before the last <see cref="BecomeStacked"/>.</summary>
    void UnbecomeStacked();

    /// <summary>The child of a name, or <see cref="Nobody"/>.</summary>
    IActorRef Child(string name);

    /// <summary>The children.</summary>
    IEnumerable<IActorRef> GetChildren();

    /// <summary>Ends an actor after the message that it is at.</summary>
    void Stop(IActorRef child);

    /// <summary>Asks for a <see cref="Actor.ReceiveTimeout"/> after each such time without a message; null for no more.</summary>
    void SetReceiveTimeout(TimeSpan? timeout);
}

/// <summary>The context of an <see cref="UntypedActor"/>.</summary>
public interface IUntypedActorContext : IActorContext
{
    /// <summary>Handles the next messages otherwise.</summary>
    void Become(UntypedReceive receive);

    /// <summary>Handles the next messages otherwise, until <see cref="IActorContext.UnbecomeStacked"/>.</summary>
    void BecomeStacked(UntypedReceive receive);
}

/// <summary>Making actors by their type.</summary>
public static class ActorRefFactoryExtensions
{
    /// <summary>Makes an actor of a type by its constructor without arguments.</summary>
    public static IActorRef ActorOf<TActor>(this IActorRefFactory factory, string name = null) where TActor : ActorBase, new()
        => factory.ActorOf(Props.Create<TActor>(), name);

    /// <summary>The actors of a path below that of an anchor.</summary>
    public static ActorSelection ActorSelection(this IActorRefFactory factory, IActorRef anchorRef, string actorPath)
        => Actor.ActorSelection.At(anchorRef, actorPath);
}

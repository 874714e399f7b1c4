using Akka.Actor;

namespace Akka.Persistence;

/// <summary>A persistent actor whose handlers say whether they know a message.</summary>
public abstract class PersistentActor : Eventsourced
{
    /// <inheritdoc/>
    protected override bool Receive(object message) => ReceiveCommand(message);
}

/// <summary>A persistent actor with one handler for commands and one for what comes back.</summary>
public abstract class UntypedPersistentActor : Eventsourced
{
    /// <summary>The actor's context.</summary>
    protected static new IUntypedActorContext Context => (IUntypedActorContext)ActorBase.Context;

    /// <summary>Handles a command.</summary>
    protected abstract void OnCommand(object message);

    /// <summary>Handles a snapshot offer, an event that comes back, or <see cref="RecoveryCompleted"/>.</summary>
    protected abstract void OnRecover(object message);

    /// <inheritdoc/>
    protected override bool Receive(object message) => ReceiveCommand(message);

    /// <inheritdoc/>
    protected sealed override bool ReceiveCommand(object message) => TryCommand(message);

    /// <inheritdoc/>
    protected sealed override bool ReceiveRecover(object message) => TryRecover(message);

    /// <summary>Handles the next commands otherwise.</summary>
    protected void Become(UntypedReceive receive) => Context.Become(receive);

    /// <summary>Handles the next commands otherwise, until unbecome.</summary>
    protected void BecomeStacked(UntypedReceive receive) => Context.BecomeStacked(receive);

    private protected virtual bool TryCommand(object message)
    {
        OnCommand(message);
        return true;
    }

    private protected virtual bool TryRecover(object message)
    {
        OnRecover(message);
        return true;
    }
}

namespace Akka.Actor;

/// <summary>What every actor is: a place for messages, handled one at a time, with hooks around its life.</summary>
public abstract class ActorBase
{
    private readonly ActorCell cell;

    /// <summary>Only an actor's cell may call it.</summary>
    /// <exception cref="ActorInitializationException">The actor was made with `new` instead of <see cref="Actor.Props"/>.</exception>
    protected ActorBase()
    {
        cell = ActorCell.Current ?? throw new ActorInitializationException("Do not create actors using 'new', always create them using an ActorContext/System");
        cell.SetInitialBehavior(Receive);
    }

    /// <summary>Who sent the message that is being handled; the dead letters where nobody did.</summary>
    protected IActorRef Sender => Context.Sender;

    /// <summary>The actor itself.</summary>
    protected IActorRef Self => cell.Self;

    /// <summary>What the actor that runs on this thread knows and may ask.</summary>
    /// <exception cref="NotSupportedException">No actor runs on this thread.</exception>
    protected static IActorContext Context => ActorCell.Current
        ?? throw new NotSupportedException("There is no active ActorContext, this is most likely due to use of async operations from within this actor.");

    internal ActorCell Cell => cell;

    internal SupervisorStrategy SupervisorStrategyInternal => field ??= cell.Props.SupervisorStrategy ?? SupervisorStrategy();

    /// <summary>Handles a message; false where the actor does not know it.</summary>
    protected abstract bool Receive(object message);

    /// <summary>Calls a handler, and <see cref="Unhandled"/> where it did not know the message.</summary>
    protected internal virtual bool AroundReceive(Receive receive, object message)
    {
        if (receive(message))
            return true;
        Unhandled(message);
        return false;
    }

    /// <summary>Is called with what the actor does not know: fails on a <see cref="Terminated"/>, tells the event stream of anything else.</summary>
    protected virtual void Unhandled(object message)
    {
        if (message is Terminated terminated)
            throw new DeathPactException(terminated.ActorRef);
        cell.System.EventStream.Publish(new Event.UnhandledMessage(message, cell.Sender, cell.Self));
    }

    /// <summary>Handles the next messages otherwise.</summary>
    protected void Become(Receive receive) => cell.Become(receive);

    /// <summary>Handles the next messages otherwise, until <see cref="UnbecomeStacked"/>.</summary>
    protected void BecomeStacked(Receive receive) => cell.BecomeStacked(receive);

    /// <summary>Handles messages as before the last <see cref="BecomeStacked"/>.</summary>
    protected void UnbecomeStacked() => cell.UnbecomeStacked();

    /// <summary>Asks for a <see cref="ReceiveTimeout"/> after each such time without a message; null for no more.</summary>
    protected void SetReceiveTimeout(TimeSpan? timeout) => cell.SetReceiveTimeout(timeout);

    /// <summary>How the failures of children are judged; one for one by the default decider unless overridden.</summary>
    protected virtual SupervisorStrategy SupervisorStrategy() => Actor.SupervisorStrategy.DefaultStrategy;

    /// <summary>Is called before the first message.</summary>
    protected virtual void PreStart()
    {
    }

    /// <summary>Is called after the last message and after all children have ended.</summary>
    protected virtual void PostStop()
    {
    }

    /// <summary>Is called on the instance that failed: stops the children and calls <see cref="PostStop"/> unless overridden.</summary>
    protected virtual void PreRestart(Exception reason, object message)
    {
        foreach (var child in cell.GetChildren())
        {
            cell.Unwatch(child);
            cell.Stop(child);
        }
        PostStop();
    }

    /// <summary>Is called on the new instance after a restart: calls <see cref="PreStart"/> unless overridden.</summary>
    protected virtual void PostRestart(Exception reason) => PreStart();

    /// <summary>Calls <see cref="PreStart"/>.</summary>
    public virtual void AroundPreStart() => PreStart();

    /// <summary>Calls <see cref="PostStop"/>.</summary>
    public virtual void AroundPostStop() => PostStop();

    /// <summary>Calls <see cref="PreRestart"/>.</summary>
    public virtual void AroundPreRestart(Exception cause, object message) => PreRestart(cause, message);

    /// <summary>Calls <see cref="PostRestart"/>.</summary>
    public virtual void AroundPostRestart(Exception cause, object message) => PostRestart(cause);

    internal virtual void FinishConstruction()
    {
    }
}

/// <summary>An actor with one method for all messages.</summary>
public abstract class UntypedActor : ActorBase
{
    /// <summary>What the actor that runs on this thread knows and may ask.</summary>
    protected static new IUntypedActorContext Context => (IUntypedActorContext)ActorBase.Context;

    /// <inheritdoc />
    protected sealed override bool Receive(object message)
    {
        OnReceive(message);
        return true;
    }

    /// <summary>Handles a message; calls <see cref="ActorBase.Unhandled"/> with what it does not know.</summary>
    protected abstract void OnReceive(object message);

    /// <summary>Runs an asynchronous step; the next message waits for its end.</summary>
    protected void RunTask(Func<Task> action) => Dispatch.ActorTaskScheduler.RunTask(action);

    /// <summary>Runs a step that may start asynchronous ones; the next message waits for its end.</summary>
    protected void RunTask(Action action) => Dispatch.ActorTaskScheduler.RunTask(action);

    /// <summary>Handles the next messages otherwise.</summary>
    protected void Become(UntypedReceive receive) => Context.Become(receive);

    /// <summary>Handles the next messages otherwise, until <see cref="ActorBase.UnbecomeStacked"/>.</summary>
    protected void BecomeStacked(UntypedReceive receive) => Context.BecomeStacked(receive);
}

using Akka.Dispatch;

namespace Akka.Actor;

/// <summary>An actor that names a handler per type of message, in its constructor and in the methods it becomes.</summary>
public abstract class ReceiveActor : UntypedActor
{
    private Handlers configuring = new();
    private Handlers initial;

    /// <summary>Handlers are named in the constructor of the actor itself.</summary>
    protected ReceiveActor() => Cell.SetInitialBehavior(ReceiveInitial);

    /// <summary>Handles the next messages with the handlers that a method names.</summary>
    protected void Become(Action configure) => Cell.Become(Configure(configure));

    /// <summary>Handles the next messages with the handlers that a method names, until <see cref="ActorBase.UnbecomeStacked"/>.</summary>
    protected void BecomeStacked(Action configure) => Cell.BecomeStacked(Configure(configure));

    /// <summary>Handles messages of a type, if they pass.</summary>
    protected void Receive<T>(Action<T> handler, Predicate<T> shouldHandle = null)
        => Add(typeof(T), shouldHandle is null, new ActionHandler<T>(handler, shouldHandle));

    /// <summary>Handles messages of a type, if they pass.</summary>
    protected void Receive<T>(Predicate<T> shouldHandle, Action<T> handler) => Receive(handler, shouldHandle);

    /// <summary>Handles messages of a type, if they pass.</summary>
    protected void Receive(Type messageType, Action<object> handler, Predicate<object> shouldHandle = null)
        => Add(messageType, shouldHandle is null, new TypeHandler(messageType, handler, shouldHandle));

    /// <summary>Handles messages of a type, if they pass.</summary>
    protected void Receive(Type messageType, Predicate<object> shouldHandle, Action<object> handler) => Receive(messageType, handler, shouldHandle);

    /// <summary>Handles messages of a type; the handler says whether it did.</summary>
    protected void Receive<T>(Func<T, bool> handler) => Add(typeof(T), false, new FunctionHandler<T>(handler));

    /// <summary>Handles messages of a type; the handler says whether it did.</summary>
    protected void Receive(Type messageType, Func<object, bool> handler)
        => Add(messageType, false, new FunctionHandler<object>(message => messageType.IsInstanceOfType(message) && handler(message)));

    /// <summary>Handles every message that no handler before took.</summary>
    protected void ReceiveAny(Action<object> handler) => Add(typeof(object), true, new ActionHandler<object>(handler, null));

    /// <summary>Handles messages of a type asynchronously; the next message waits for the end.</summary>
    protected void ReceiveAsync<T>(Func<T, Task> handler, Predicate<T> shouldHandle = null)
        => Receive(Awaiting(handler), shouldHandle);

    /// <summary>Handles messages of a type asynchronously; the next message waits for the end.</summary>
    protected void ReceiveAsync<T>(Predicate<T> shouldHandle, Func<T, Task> handler) => Receive(Awaiting(handler), shouldHandle);

    /// <summary>Handles messages of a type asynchronously; the next message waits for the end.</summary>
    protected void ReceiveAsync(Type messageType, Func<object, Task> handler, Predicate<object> shouldHandle = null)
        => Receive(messageType, Awaiting(handler), shouldHandle);

    /// <summary>Handles messages of a type asynchronously; the next message waits for the end.</summary>
    protected void ReceiveAsync(Type messageType, Predicate<object> shouldHandle, Func<object, Task> handler)
        => Receive(messageType, Awaiting(handler), shouldHandle);

    /// <summary>Handles every message that no handler before took, asynchronously; the next message waits for the end.</summary>
    protected void ReceiveAnyAsync(Func<object, Task> handler) => ReceiveAny(Awaiting(handler));

    /// <inheritdoc />
    protected sealed override void OnReceive(object message)
    {
    }

    internal override void FinishConstruction()
    {
        initial = configuring;
        configuring = null;
    }

    private static Action<T> Awaiting<T>(Func<T, Task> handler)
        => message => ActorTaskScheduler.RunTask(static state => state.handler(state.message), (handler, message));

    private bool ReceiveInitial(object message) => initial.Handle(message);

    private Receive Configure(Action configure)
    {
        var outer = configuring;
        var handlers = configuring = new Handlers();
        try
        {
            configure();
        }
        finally
        {
            configuring = outer;
        }
        return handlers.Handle;
    }

    private void Add(Type type, bool takesAll, Handler handler)
    {
        if (configuring is null)
            throw new InvalidOperationException("You may only call Receive-methods when constructing the actor and inside Become().");
        configuring.Add(handler, type == typeof(object) && takesAll);
    }

    private abstract class Handler
    {
        public abstract bool TryHandle(object message);
    }

    private sealed class ActionHandler<T>(Action<T> handler, Predicate<T> shouldHandle) : Handler
    {
        public override bool TryHandle(object message)
        {
            if (message is not T typed || (shouldHandle is not null && !shouldHandle(typed)))
                return false;
            handler(typed);
            return true;
        }
    }

    private sealed class FunctionHandler<T>(Func<T, bool> handler) : Handler
    {
        public override bool TryHandle(object message) => message is T typed && handler(typed);
    }

    private sealed class TypeHandler(Type type, Action<object> handler, Predicate<object> shouldHandle) : Handler
    {
        public override bool TryHandle(object message)
        {
            if (!type.IsInstanceOfType(message) || (shouldHandle is not null && !shouldHandle(message)))
                return false;
            handler(message);
            return true;
        }
    }

    private sealed class Handlers
    {
        private Handler[] handlers = [];
        private bool full;

        public void Add(Handler handler, bool takesAll)
        {
            if (full)
                throw new InvalidOperationException("A handler that catches all messages has been added. No handler can be added after that.");
            handlers = [.. handlers, handler];
            full = takesAll;
        }

        public bool Handle(object message)
        {
            foreach (var handler in handlers)
            {
                if (handler.TryHandle(message))
                    return true;
            }
            return false;
        }
    }
}

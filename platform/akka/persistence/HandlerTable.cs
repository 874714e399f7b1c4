namespace Akka.Persistence;

/// <summary>Handlers by the type of message, in the order in which they were declared.</summary>
/// <param name="kind">How they are called, for errors.</param>
internal sealed class HandlerTable(string kind)
{
    private readonly List<(Type Type, Func<object, bool> Handle)> declared = [];
    private readonly Dictionary<Type, Func<object, bool>[]> fitting = [];
    private bool complete;

    public void Add<T>(Action<T> handler, Predicate<T> shouldHandle) => Declare(typeof(T), shouldHandle is null
        ? message =>
        {
            handler((T)message);
            return true;
        }
    : message =>
    {
        var fits = shouldHandle((T)message);
        if (fits)
            handler((T)message);
        return fits;
    });

    public void Add(Type type, Action<object> handler, Predicate<object> shouldHandle) => Declare(type, message =>
    {
        var fits = shouldHandle is null || shouldHandle(message);
        if (fits)
            handler(message);
        return fits;
    });

    public void Add<T>(Func<T, bool> handler) => Declare(typeof(T), message => handler((T)message));

    public void Add(Type type, Func<object, bool> handler) => Declare(type, handler);

    public void AddAny(Action<object> handler)
    {
        Add(handler, null);
        complete = true;
    }

    /// <summary>Calls the first handler that fits; false if none does.</summary>
    public bool Handle(object message)
    {
        var type = message.GetType();
        if (!fitting.TryGetValue(type, out var handlers))
        {
            handlers = [.. declared.Where(handler => handler.Type.IsAssignableFrom(type)).Select(static handler => handler.Handle)];
            fitting[type] = handlers;
        }

        foreach (var handle in handlers)
        {
            if (handle(message))
                return true;
        }

        return false;
    }

    private void Declare(Type type, Func<object, bool> handle)
    {
        if (complete)
            throw new InvalidOperationException($"No handler may follow {kind}Any or {kind}<object>: the message would never reach it.");
        declared.Add((type, handle));
        fitting.Clear();
    }
}

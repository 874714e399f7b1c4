namespace Akka.Persistence;

/// <summary>A persistent actor that says in its constructor how it handles which types of commands and events.</summary>
/// <remarks>Handlers are tried in the order in which they are declared; the first one whose type and predicate fit handles the
/// message.</remarks>
public abstract class ReceivePersistentActor : UntypedPersistentActor
{
    private readonly HandlerTable recovery = new("Recover");
    private HandlerTable commands = new("Command");

    /// <summary>Handles the next commands as <paramref name="configure"/> declares.</summary>
    protected void Become(Action configure) => Context.Become(Declare(configure).Handle);

    /// <summary>Handles the next commands as <paramref name="configure"/> declares, until unbecome.</summary>
    protected void BecomeStacked(Action configure) => Context.BecomeStacked(Declare(configure).Handle);

    /// <summary>Handles what comes back, of a type.</summary>
    protected void Recover<T>(Action<T> handler, Predicate<T> shouldHandle = null) => recovery.Add(handler, shouldHandle);

    /// <summary>Handles what comes back, of a type, where it fits.</summary>
    protected void Recover<T>(Predicate<T> shouldHandle, Action<T> handler) => recovery.Add(handler, shouldHandle);

    /// <summary>Handles what comes back, of a type.</summary>
    protected void Recover(Type messageType, Action<object> handler, Predicate<object> shouldHandle = null) =>
        recovery.Add(messageType, handler, shouldHandle);

    /// <summary>Handles what comes back, of a type, where it fits.</summary>
    protected void Recover(Type messageType, Predicate<object> shouldHandle, Action<object> handler) =>
        recovery.Add(messageType, handler, shouldHandle);

    /// <summary>Handles what comes back, of a type, where the handler says so.</summary>
    protected void Recover<T>(Func<T, bool> handler) => recovery.Add(handler);

    /// <summary>Handles what comes back, of a type, where the handler says so.</summary>
    protected void Recover(Type messageType, Func<object, bool> handler) => recovery.Add(messageType, handler);

    /// <summary>Handles all else that comes back; no handler may follow.</summary>
    protected void RecoverAny(Action<object> handler) => recovery.AddAny(handler);

    /// <summary>Handles commands of a type.</summary>
    protected void Command<T>(Action<T> handler, Predicate<T> shouldHandle = null) => commands.Add(handler, shouldHandle);

    /// <summary>Handles commands of a type, where they fit.</summary>
    protected void Command<T>(Predicate<T> shouldHandle, Action<T> handler) => commands.Add(handler, shouldHandle);

    /// <summary>Handles commands of a type.</summary>
    protected void Command(Type messageType, Action<object> handler, Predicate<object> shouldHandle = null) =>
        commands.Add(messageType, handler, shouldHandle);

    /// <summary>Handles commands of a type, where they fit.</summary>
    protected void Command(Type messageType, Predicate<object> shouldHandle, Action<object> handler) =>
        commands.Add(messageType, handler, shouldHandle);

    /// <summary>Handles commands of a type, where the handler says so.</summary>
    protected void Command<T>(Func<T, bool> handler) => commands.Add(handler);

    /// <summary>Handles commands of a type, where the handler says so.</summary>
    protected void Command(Type messageType, Func<object, bool> handler) => commands.Add(messageType, handler);

    /// <summary>Handles all other commands; no handler may follow.</summary>
    protected void Command(Action<object> handler) => commands.AddAny(handler);

    /// <summary>Handles all other commands; no handler may follow.</summary>
    protected void CommandAny(Action<object> handler) => commands.AddAny(handler);

    /// <summary>Handles commands of a type with a task; no other message is handled until it ends.</summary>
    protected void CommandAsync<T>(Func<T, Task> handler, Predicate<T> shouldHandle = null) =>
        commands.Add(message => RunTask(() => handler(message)), shouldHandle);

    /// <summary>Handles commands of a type with a task, where they fit.</summary>
    protected void CommandAsync<T>(Predicate<T> shouldHandle, Func<T, Task> handler) => CommandAsync(handler, shouldHandle);

    /// <summary>Handles commands of a type with a task.</summary>
    protected void CommandAsync(Type messageType, Func<object, Task> handler, Predicate<object> shouldHandle = null) =>
        commands.Add(messageType, message => RunTask(() => handler(message)), shouldHandle);

    /// <summary>Handles commands of a type with a task, where they fit.</summary>
    protected void CommandAsync(Type messageType, Predicate<object> shouldHandle, Func<object, Task> handler) =>
        CommandAsync(messageType, handler, shouldHandle);

    /// <summary>Handles all other commands with a task; no handler may follow.</summary>
    protected void CommandAnyAsync(Func<object, Task> handler) => commands.AddAny(message => RunTask(() => handler(message)));

    /// <inheritdoc/>
    protected sealed override void OnCommand(object message) => commands.Handle(message);

    /// <inheritdoc/>
    protected sealed override void OnRecover(object message) => recovery.Handle(message);

    private protected override bool TryCommand(object message) => commands.Handle(message);

    private protected override bool TryRecover(object message) => recovery.Handle(message);

    private HandlerTable Declare(Action configure)
    {
        var (current, declared) = (commands, new HandlerTable("Command"));
        commands = declared;
        try
        {
            configure();
        }
        finally
        {
            // The handlers of the constructor are those to which unbecome leads back.
            commands = current;
        }

        return declared;
    }
}

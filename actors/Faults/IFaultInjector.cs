namespace ActorTrain.Actors.Faults;

/// <summary>What befalls a message on its way into an actor.</summary>
public enum Fault
{
    /// <summary>Nothing: it is handled.</summary>
    None,

    /// <summary>The actor throws instead of handling it.</summary>
    Throw,

    /// <summary>The actor throws after it has handled it.</summary>
    ThrowAfter,

    /// <summary>It is lost.</summary>
    Drop,

    /// <summary>It is handled twice.</summary>
    Duplicate,

    /// <summary>It goes to the end of the mailbox, behind what came after it.</summary>
    Defer,

    /// <summary>The actor's thread hangs in it, for as long as <see cref="IFaultInjector.Hang"/> does.</summary>
    Hang,
}

/// <summary>Breaks actors on purpose; a run that is not under test has none.</summary>
public interface IFaultInjector
{
    /// <summary>Chooses what befalls a message; called on the actor's own thread.</summary>
    /// <param name="actor">The actor's name.</param>
    /// <param name="message">The message.</param>
    Fault Choose(string actor, object message);

    /// <summary>Returns when a hung actor shall come back.</summary>
    /// <param name="actor">The actor's name.</param>
    void Hang(string actor);
}

/// <summary>A fault that was injected.</summary>
public sealed class InjectedFaultException(string message) : Exception(message);

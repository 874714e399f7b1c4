using Akka.Actor;
using Akka.Event;

namespace Akka.Dispatch.SysMsg;

/// <summary>A message of the system itself; it overtakes every user message and is never lost.</summary>
public interface ISystemMessage : INoSerializationVerificationNeeded
{
}

/// <summary>A system message as a link of a mailbox's list of them; an instance is sent once.</summary>
internal abstract class SystemMessage : ISystemMessage
{
    internal SystemMessage Next;
}

/// <summary>Makes the actor of a new cell.</summary>
internal sealed class Create : SystemMessage
{
}

/// <summary>Restarts the actor.</summary>
internal sealed class Recreate(Exception cause) : SystemMessage
{
    public Exception Cause => cause;
}

/// <summary>Stops user messages.</summary>
internal sealed class Suspend : SystemMessage
{
}

/// <summary>Lets user messages run again.</summary>
internal sealed class Resume(Exception causedByFailure) : SystemMessage
{
    public Exception CausedByFailure => causedByFailure;
}

/// <summary>Ends the actor.</summary>
internal sealed class Terminate : SystemMessage
{
}

/// <summary>Asks to be told of an actor's end.</summary>
internal sealed class Watch(IInternalActorRef watchee, IInternalActorRef watcher) : SystemMessage
{
    public IInternalActorRef Watchee => watchee;

    public IInternalActorRef Watcher => watcher;
}

/// <summary>Asks to be told no more.</summary>
internal sealed class Unwatch(IInternalActorRef watchee, IInternalActorRef watcher) : SystemMessage
{
    public IInternalActorRef Watchee => watchee;

    public IInternalActorRef Watcher => watcher;
}

/// <summary>Says that an actor has ended, or never was.</summary>
internal sealed class DeathWatchNotification(IActorRef actor, bool existenceConfirmed, bool addressTerminated) : SystemMessage, IDeadLetterSuppression
{
    public IActorRef Actor => actor;

    public bool ExistenceConfirmed => existenceConfirmed;

    public bool AddressTerminated => addressTerminated;
}

/// <summary>Says that a child has failed and waits for its parent's judgement.</summary>
internal sealed class Failed(IActorRef child, Exception cause, long uid) : SystemMessage
{
    public IActorRef Child => child;

    public Exception Cause => cause;

    public long Uid => uid;
}

/// <summary>Runs a step of a handler that awaited something, in the actor it belongs to.</summary>
internal sealed class RunInActor(Action run) : SystemMessage
{
    public Action Run => run;
}

/// <summary>Stands at the end of the list of a mailbox that is closed.</summary>
internal sealed class Closed : SystemMessage
{
    public static readonly Closed Instance = new();
}

namespace Akka.Actor;

/// <summary>The root of what the actor system throws.</summary>
public abstract class AkkaException : Exception
{
    /// <summary>With what went wrong.</summary>
    protected AkkaException(string message = null, Exception cause = null) : base(message, cause)
    {
    }

    /// <summary>The exception that led to this one.</summary>
    protected Exception Cause => InnerException;
}

/// <summary>A name that no actor may have.</summary>
public class InvalidActorNameException : AkkaException
{
    /// <summary>With what is wrong with the name.</summary>
    public InvalidActorNameException(string message) : base(message)
    {
    }

    /// <summary>With what is wrong with the name and what led to it.</summary>
    public InvalidActorNameException(string message, Exception innerException) : base(message, innerException)
    {
    }
}

/// <summary>A name that another child has.</summary>
public class InvalidActorNameNotUniqueException : InvalidActorNameException
{
    /// <summary>With what is wrong with the name.</summary>
    public InvalidActorNameNotUniqueException(string message) : base(message)
    {
    }
}

/// <summary>No answer came in time.</summary>
public class AskTimeoutException : AkkaException
{
    /// <summary>With how long was waited.</summary>
    public AskTimeoutException(string message) : base(message)
    {
    }
}

/// <summary>An actor could not be made or could not start.</summary>
public class ActorInitializationException : AkkaException
{
    /// <summary>Without anything.</summary>
    public ActorInitializationException()
    {
    }

    /// <summary>With what went wrong.</summary>
    public ActorInitializationException(string message) : base(message)
    {
    }

    /// <summary>With what went wrong and what was thrown.</summary>
    public ActorInitializationException(string message, Exception cause) : base(message, cause)
    {
    }

    /// <summary>With the actor, what went wrong and what was thrown.</summary>
    public ActorInitializationException(IActorRef actor, string message, Exception cause = null) : base(message, cause) => Actor = actor;

    /// <summary>The actor.</summary>
    public IActorRef Actor { get; set; }

    /// <inheritdoc />
    public override string ToString() => Actor is null ? base.ToString() : $"{Actor}: {base.ToString()}";
}

/// <summary>The logger did not start.</summary>
public class LoggerInitializationException : AkkaException
{
    /// <summary>With what went wrong.</summary>
    public LoggerInitializationException(string message) : base(message)
    {
    }

    /// <summary>With what went wrong and what was thrown.</summary>
    public LoggerInitializationException(string message, Exception cause = null) : base(message, cause)
    {
    }
}

/// <summary>An actor was killed by a <see cref="Kill"/>.</summary>
public class ActorKilledException : AkkaException
{
    /// <summary>With the reason.</summary>
    public ActorKilledException(string message) : base(message)
    {
    }
}

/// <summary>Something was asked of an actor that its state does not allow.</summary>
public class IllegalActorStateException : AkkaException
{
    /// <summary>With what was asked.</summary>
    public IllegalActorStateException(string message) : base(message)
    {
    }
}

/// <summary>A message that belongs to the system went astray.</summary>
public class InvalidMessageException : AkkaException
{
    /// <summary>Without anything.</summary>
    public InvalidMessageException() : this("Message is null")
    {
    }

    /// <summary>With what is wrong.</summary>
    public InvalidMessageException(string message) : base(message)
    {
    }
}

/// <summary>An actor that watched another did not handle its <see cref="Terminated"/>.</summary>
public class DeathPactException : AkkaException
{
    /// <summary>With the actor that died.</summary>
    public DeathPactException(IActorRef deadActor) : base($"Monitored actor [{deadActor}] terminated") => DeadActor = deadActor;

    /// <summary>The actor that died.</summary>
    public IActorRef DeadActor { get; }
}

/// <summary>An actor's <see cref="ActorBase.PreRestart"/> threw.</summary>
public class PreRestartException : ActorInitializationException
{
    /// <summary>With the actor, what PreRestart threw, why it was restarted and the message it failed on.</summary>
    public PreRestartException(IActorRef actor, Exception restartException, Exception cause, object optionalMessage)
        : base(actor, $"Exception in PreRestart (cause of the restart: {cause?.GetType().Name}, message: {optionalMessage?.GetType().Name ?? "none"})", restartException)
    {
    }
}

/// <summary>An actor's constructor or <see cref="ActorBase.PostRestart"/> threw during a restart.</summary>
public class PostRestartException : ActorInitializationException
{
    /// <summary>With the actor, what was thrown and why it was restarted.</summary>
    public PostRestartException(IActorRef actor, Exception cause, Exception originalCause)
        : base(actor, $"Exception post restart ({(originalCause is null ? "null" : originalCause.GetType().ToString())})", cause)
        => OriginalCause = originalCause;

    /// <summary>Why the actor was restarted.</summary>
    public Exception OriginalCause { get; }
}

/// <summary>No actor answers at a path.</summary>
public class ActorNotFoundException : AkkaException
{
    /// <summary>Without anything.</summary>
    public ActorNotFoundException()
    {
    }

    /// <summary>With what was looked for.</summary>
    public ActorNotFoundException(string message) : base(message)
    {
    }

    /// <summary>With what was looked for and what was thrown.</summary>
    public ActorNotFoundException(string message, Exception innerException) : base(message, innerException)
    {
    }
}

/// <summary>A bounded stash has no room.</summary>
public class StashOverflowException : AkkaException
{
    /// <summary>With what did not fit.</summary>
    public StashOverflowException(string message, Exception cause = null) : base(message, cause)
    {
    }
}

/// <summary>A scheduler was used after its actor system ended, or with times that make no sense.</summary>
public sealed class SchedulerException : AkkaException
{
    /// <summary>With what is wrong.</summary>
    public SchedulerException(string message) : base(message)
    {
    }
}

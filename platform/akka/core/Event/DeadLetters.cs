using Akka.Actor;

namespace Akka.Event;

/// <summary>Marks messages that are no news as dead letters.</summary>
public interface IDeadLetterSuppression
{
}

/// <summary>A message that did not reach its actor, for whatever reason.</summary>
public abstract class AllDeadLetters : IWrappedMessage
{
    /// <summary>With where it came from and where it was to go.</summary>
    protected AllDeadLetters(object message, IActorRef sender, IActorRef recipient)
    {
        Message = message;
        Sender = sender;
        Recipient = recipient;
    }

    /// <summary>The message.</summary>
    public object Message { get; protected set; }

    /// <summary>Where it came from.</summary>
    public IActorRef Sender { get; protected set; }

    /// <summary>Where it was to go.</summary>
    public IActorRef Recipient { get; protected set; }

    /// <inheritdoc />
    public override string ToString() => $"DeadLetter from {Sender} to {Recipient}: <{Message}>";
}

/// <summary>Marks messages that carry another.</summary>
public interface IWrappedMessage
{
    /// <summary>What is carried.</summary>
    object Message { get; }
}

/// <summary>A message whose actor has ended or never was.</summary>
public class DeadLetter : AllDeadLetters
{
    /// <summary>With where it came from and where it was to go.</summary>
    public DeadLetter(object message, IActorRef sender, IActorRef recipient) : base(message, sender, recipient)
    {
        ArgumentNullException.ThrowIfNull(recipient);
    }
}

/// <summary>A message whose actor has ended, and which is no news.</summary>
public class SuppressedDeadLetter : AllDeadLetters
{
    /// <summary>With where it came from and where it was to go.</summary>
    public SuppressedDeadLetter(IDeadLetterSuppression message, IActorRef sender, IActorRef recipient) : base(message, sender, recipient)
    {
    }
}

/// <summary>A message that was dropped on its way, as at a bound.</summary>
public class Dropped : AllDeadLetters
{
    /// <summary>With why it was dropped.</summary>
    public Dropped(object message, string reason, IActorRef sender, IActorRef recipient) : base(message, sender, recipient) => Reason = reason;

    /// <summary>With why it was dropped.</summary>
    public Dropped(object message, string reason, IActorRef recipient) : this(message, reason, ActorRefs.NoSender, recipient)
    {
    }

    /// <summary>Why it was dropped.</summary>
    public string Reason { get; }
}

/// <summary>A message that its actor did not know.</summary>
public sealed class UnhandledMessage : AllDeadLetters
{
    /// <summary>With where it came from and who did not know it.</summary>
    public UnhandledMessage(object message, IActorRef sender, IActorRef recipient) : base(message, sender, recipient)
    {
    }

    /// <inheritdoc />
    public override string ToString() => $"{Recipient} did not handle {Message} from {Sender}";
}

/// <summary>Logs dead letters, so many and then no more for a time.</summary>
internal sealed class DeadLetterListener : ActorBase
{
    private readonly ILoggingAdapter log = Logging.GetLogger(Context);
    private readonly int most = Context.System.Settings.LogDeadLetters;
    private readonly TimeSpan silence = Context.System.Settings.LogDeadLettersSuspendDuration;
    private int count;
    private TimeSpan silentUntil;

    protected override bool Receive(object message)
    {
        if (message is not AllDeadLetters letter || letter is SuppressedDeadLetter)
            return true;
        var system = (ActorSystemImpl)Context.System;
        if (system.IsTerminating && !system.Settings.LogDeadLettersDuringShutdown)
            return true;
        if (letter is UnhandledMessage && !system.Settings.DebugUnhandledMessage)
            return true;
        var now = system.Scheduler.MonotonicClock;
        if (count >= most)
        {
            if (silence == Timeout.InfiniteTimeSpan || now < silentUntil)
                return true;
            count = 0;
        }
        count++;
        var last = most != int.MaxValue && count == most;
        if (last)
            silentUntil = now + silence;
        var kind = letter switch
        {
            UnhandledMessage => "was not handled",
            Dropped dropped => $"was dropped ({dropped.Reason})",
            _ => "was not delivered",
        };
        log.Info("Message [{0}] from {1} to {2} {3}. [{4}] dead letters encountered{5}. This logging can be turned off or adjusted with configuration settings 'akka.log-dead-letters' and 'akka.log-dead-letters-during-shutdown'. Message content: {6}",
            letter.Message.GetType().Name, letter.Sender?.Path.ToString() ?? "nobody", letter.Recipient.Path, kind, count, last ? ", no more dead letters will be logged for " + silence : "",
            letter.Message);
        return true;
    }
}

using Akka.Actor;
using Akka.Configuration;
using Akka.Dispatch;
using Akka.Dispatch.MessageQueues;

namespace Akka.Event;

/// <summary>The first message of a logger; it subscribes itself no further and answers with a <see cref="LoggerInitialized"/>.</summary>
public class InitializeLogger : INoSerializationVerificationNeeded
{
    /// <summary>With the bus that is logged.</summary>
    public InitializeLogger(LoggingBus loggingBus) => LoggingBus = loggingBus;

    /// <summary>The bus that is logged.</summary>
    public LoggingBus LoggingBus { get; }
}

/// <summary>The answer to an <see cref="InitializeLogger"/>.</summary>
public class LoggerInitialized : INoSerializationVerificationNeeded
{
}

/// <summary>The mailbox that a logger needs.</summary>
public interface ILoggerMessageQueueSemantics : ISemantics
{
}

/// <summary>What is left in the mailbox of a logger when it ends goes to standard output.</summary>
public sealed class LoggerMailboxType : MailboxType, IProducesMessageQueue<LoggerMailboxType.LoggerMailbox>
{
    /// <summary>With the settings of the system and of the mailbox.</summary>
    public LoggerMailboxType(Settings settings, Config config) : base(settings, config)
    {
    }

    /// <inheritdoc />
    public override IMessageQueue Create(IActorRef owner, ActorSystem system) => new LoggerMailbox(system);

    internal sealed class LoggerMailbox(ActorSystem system) : UnboundedMessageQueue, ILoggerMessageQueueSemantics
    {
        public override void CleanUp(IActorRef owner, IMessageQueue deadletters)
        {
            var level = Logging.LogLevelFor(system.Settings.StdoutLogLevel);
            while (TryDequeue(out var envelope))
            {
                if (envelope.Message is not LogEvent logEvent)
                    deadletters.Enqueue(owner, envelope);
                else if (logEvent.LogLevel() >= level)
                    Logging.StandardOutLogger.Tell(logEvent, envelope.Sender);
            }
        }
    }
}

/// <summary>Writes log events to standard output, coloured by their level where that is a terminal.</summary>
public class StandardOutLogger : MinimalActorRef
{
    private static readonly Lock Gate = new();

    /// <summary>The colour of debug events.</summary>
    public static ConsoleColor DebugColor { get; set; } = ConsoleColor.Gray;

    /// <summary>The colour of info events.</summary>
    public static ConsoleColor InfoColor { get; set; } = ConsoleColor.White;

    /// <summary>The colour of warnings.</summary>
    public static ConsoleColor WarningColor { get; set; } = ConsoleColor.Yellow;

    /// <summary>The colour of errors.</summary>
    public static ConsoleColor ErrorColor { get; set; } = ConsoleColor.Red;

    /// <summary>Whether colours are used.</summary>
    public static bool UseColors { get; set; } = !Console.IsOutputRedirected;

    /// <inheritdoc />
    public override ActorPath Path { get; } = new RootActorPath(new Address("akka", "all-systems"), "/StandardOutLogger");

    /// <inheritdoc />
    public override IActorRefProvider Provider => throw new NotSupportedException("The standard output logger belongs to no actor system.");

    /// <summary>Writes an event.</summary>
    public static void PrintLogEvent(LogEvent logEvent)
    {
        lock (Gate)
        {
            if (UseColors)
            {
                Console.ForegroundColor = logEvent.LogLevel() switch
                {
                    LogLevel.DebugLevel => DebugColor,
                    LogLevel.InfoLevel => InfoColor,
                    LogLevel.WarningLevel => WarningColor,
                    _ => ErrorColor,
                };
            }
            Console.WriteLine(logEvent);
            if (UseColors)
                Console.ResetColor();
        }
    }

    /// <inheritdoc />
    protected override void TellInternal(object message, IActorRef sender)
    {
        if (message is LogEvent logEvent)
            PrintLogEvent(logEvent);
        else
            Console.WriteLine(message ?? throw new ArgumentNullException(nameof(message), "The message to log must not be null."));
    }
}

/// <summary>The default logger: writes to standard output.</summary>
public class DefaultLogger : ActorBase, IRequiresMessageQueue<ILoggerMessageQueueSemantics>
{
    /// <inheritdoc />
    protected override bool Receive(object message)
    {
        switch (message)
        {
            case InitializeLogger:
                Sender.Tell(new LoggerInitialized());
                return true;
            case LogEvent logEvent:
                Print(logEvent);
                return true;
            default:
                return false;
        }
    }

    /// <summary>Writes an event.</summary>
    protected virtual void Print(LogEvent logEvent) => StandardOutLogger.PrintLogEvent(logEvent);
}

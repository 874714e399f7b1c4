using System.Collections.Concurrent;
using Akka.Actor;

namespace Akka.Event;

/// <summary>The event stream of a system, and the loggers that listen to it.</summary>
public abstract class LoggingBus
{
    private readonly ConcurrentDictionary<Type, IActorRef[]> listeners = new();
    private readonly Lock gate = new();
    private readonly List<(IActorRef Subscriber, Type Channel)> subscriptions = [];
    private readonly List<IActorRef> loggers = [];

    /// <summary>What is logged: this level and above.</summary>
    public LogLevel LogLevel { get; private set; } = LogLevel.WarningLevel;

    /// <summary>Sends an event once to each that has subscribed to its class, to one of its bases or to one of its interfaces.</summary>
    public void Publish(object @event)
    {
        var type = @event.GetType();
        if (!listeners.TryGetValue(type, out var found))
        {
            lock (gate)
                listeners[type] = found = [.. subscriptions.Where(s => s.Channel.IsAssignableFrom(type)).Select(s => s.Subscriber).Distinct()];
        }
        foreach (var listener in found)
        {
            if (listener is LocalActorRef { IsTerminated: true })
                Unsubscribe(listener);
            else
                listener.Tell(@event, ActorRefs.NoSender);
        }
    }

    /// <summary>Subscribes to a class or an interface; false where that was done before.</summary>
    public virtual bool Subscribe(IActorRef subscriber, Type classifier)
    {
        ArgumentNullException.ThrowIfNull(subscriber);
        lock (gate)
        {
            if (subscriptions.Exists(s => s.Subscriber.Equals(subscriber) && s.Channel == classifier))
                return false;
            subscriptions.Add((subscriber, classifier));
            listeners.Clear();
            return true;
        }
    }

    /// <summary>Ends the subscription to a class and what is below it; false where there was none.</summary>
    public virtual bool Unsubscribe(IActorRef subscriber, Type classifier)
    {
        ArgumentNullException.ThrowIfNull(subscriber);
        lock (gate)
        {
            var removed = subscriptions.RemoveAll(s => s.Subscriber.Equals(subscriber) && classifier.IsAssignableFrom(s.Channel)) > 0;
            listeners.Clear();
            return removed;
        }
    }

    /// <summary>Ends all subscriptions of an actor; false where there was none.</summary>
    public virtual bool Unsubscribe(IActorRef subscriber)
    {
        ArgumentNullException.ThrowIfNull(subscriber);
        lock (gate)
        {
            var removed = subscriptions.RemoveAll(s => s.Subscriber.Equals(subscriber)) > 0;
            listeners.Clear();
            return removed;
        }
    }

    /// <summary>Changes what is logged.</summary>
    public void SetLogLevel(LogLevel logLevel)
    {
        LogLevel = logLevel;
        foreach (var logger in loggers)
            SubscribeLogger(logger, logLevel);
    }

    /// <summary>Logs to standard output until the loggers have started.</summary>
    internal void StartStdoutLogger(Settings settings)
    {
        LogLevel = Logging.LogLevelFor(settings.StdoutLogLevel);
        SubscribeLogger(Logging.StandardOutLogger, LogLevel);
    }

    /// <summary>Starts the loggers of the configuration.</summary>
    internal void StartDefaultLoggers(ActorSystemImpl system)
    {
        var level = Logging.LogLevelFor(system.Settings.LogLevel);
        var number = 0;
        foreach (var name in system.Settings.Loggers)
        {
            var type = Util.TypeResolver.Require(name, "akka.loggers");
            if (type == typeof(StandardOutLogger))
            {
                loggers.Add(Logging.StandardOutLogger);
                continue;
            }
            var logger = system.SystemActorOf(Props.Create(type).WithDispatcher(Dispatch.Dispatchers.InternalDispatcherId), $"log{++number}-{type.Name}");
            try
            {
                var answer = logger.Ask(new InitializeLogger(this), system.Settings.LoggerStartTimeout).GetAwaiter().GetResult();
                if (answer is not LoggerInitialized)
                    throw new LoggerInitializationException($"Logger [{name}] did not respond with LoggerInitialized, sent instead [{answer}]");
            }
            catch (AskTimeoutException e)
            {
                throw new LoggerInitializationException($"Logger [{name}] did not respond within {system.Settings.LoggerStartTimeout} to InitializeLogger", e);
            }
            loggers.Add(logger);
        }
        if (!loggers.Contains(Logging.StandardOutLogger))
            Unsubscribe(Logging.StandardOutLogger);
        SetLogLevel(level);
    }

    /// <summary>Ends the loggers; standard output is the log from here on.</summary>
    internal void StopDefaultLoggers(ActorSystem system)
    {
        var level = Logging.LogLevelFor(system.Settings.StdoutLogLevel);
        var stopping = loggers.Where(logger => logger is not Event.StandardOutLogger).ToList();
        loggers.Clear();
        LogLevel = level;
        SubscribeLogger(Logging.StandardOutLogger, level);
        foreach (var logger in stopping)
        {
            Unsubscribe(logger);
            ((IInternalActorRef)logger).Stop();
        }
    }

    private void SubscribeLogger(IActorRef logger, LogLevel level)
    {
        foreach (var each in (LogLevel[])[LogLevel.DebugLevel, LogLevel.InfoLevel, LogLevel.WarningLevel, LogLevel.ErrorLevel])
        {
            if (each >= level)
                Subscribe(logger, each.ClassFor());
            else
                Unsubscribe(logger, each.ClassFor());
        }
    }
}

/// <summary>Where events of a system are published to who has subscribed to their class.</summary>
public class EventStream : LoggingBus
{
    private readonly bool debug;

    /// <summary>With whether subscriptions are logged.</summary>
    public EventStream(bool debug) => this.debug = debug;

    /// <inheritdoc />
    public override bool Subscribe(IActorRef subscriber, Type classifier)
    {
        var added = base.Subscribe(subscriber, classifier);
        if (debug)
            Publish(new Debug(nameof(EventStream), GetType(), $"subscribing {subscriber} to channel {classifier}"));
        return added;
    }

    /// <inheritdoc />
    public override bool Unsubscribe(IActorRef subscriber, Type classifier)
    {
        var removed = base.Unsubscribe(subscriber, classifier);
        if (debug)
            Publish(new Debug(nameof(EventStream), GetType(), $"unsubscribing {subscriber} from channel {classifier}"));
        return removed;
    }

    /// <inheritdoc />
    public override bool Unsubscribe(IActorRef subscriber)
    {
        var removed = base.Unsubscribe(subscriber);
        if (debug)
            Publish(new Debug(nameof(EventStream), GetType(), $"unsubscribing {subscriber} from all channels"));
        return removed;
    }
}

/// <summary>Subscribing by type.</summary>
public static class EventStreamExtensions
{
    /// <summary>Subscribes to a class or an interface.</summary>
    public static bool Subscribe<TEvent>(this EventStream eventStream, IActorRef subscriber) => eventStream.Subscribe(subscriber, typeof(TEvent));

    /// <summary>Ends the subscription to a class and what is below it.</summary>
    public static bool Unsubscribe<TEvent>(this EventStream eventStream, IActorRef subscriber) => eventStream.Unsubscribe(subscriber, typeof(TEvent));
}

using Akka.Actor;

namespace Akka.Event;

/// <summary>Where actors log to.</summary>
public interface ILoggingAdapter
{
    /// <summary>How the parts of messages are put together.</summary>
    ILogMessageFormatter Formatter { get; }

    /// <summary>Whether debug events are logged.</summary>
    bool IsDebugEnabled { get; }

    /// <summary>Whether info events are logged.</summary>
    bool IsInfoEnabled { get; }

    /// <summary>Whether warnings are logged.</summary>
    bool IsWarningEnabled { get; }

    /// <summary>Whether errors are logged.</summary>
    bool IsErrorEnabled { get; }

    /// <summary>Whether events of a level are logged.</summary>
    bool IsEnabled(LogLevel logLevel);

    /// <summary>Logs a message.</summary>
    void Log(LogLevel logLevel, Exception cause, LogMessage message);

    /// <summary>Logs a text.</summary>
    void Log(LogLevel logLevel, Exception cause, string format);
}

/// <summary>Logging by level.</summary>
public static class LoggingExtensions
{
    /// <summary>Logs for who looks for a fault.</summary>
    public static void Debug(this ILoggingAdapter log, string format, params object[] args) => Log(log, LogLevel.DebugLevel, null, format, args);

    /// <summary>Logs for who looks for a fault.</summary>
    public static void Debug(this ILoggingAdapter log, Exception cause, string format, params object[] args) => Log(log, LogLevel.DebugLevel, cause, format, args);

    /// <summary>Logs for who wants to know.</summary>
    public static void Info(this ILoggingAdapter log, string format, params object[] args) => Log(log, LogLevel.InfoLevel, null, format, args);

    /// <summary>Logs for who wants to know.</summary>
    public static void Info(this ILoggingAdapter log, Exception cause, string format, params object[] args) => Log(log, LogLevel.InfoLevel, cause, format, args);

    /// <summary>Logs for who should know.</summary>
    public static void Warning(this ILoggingAdapter log, string format, params object[] args) => Log(log, LogLevel.WarningLevel, null, format, args);

    /// <summary>Logs for who should know.</summary>
    public static void Warning(this ILoggingAdapter log, Exception cause, string format, params object[] args) => Log(log, LogLevel.WarningLevel, cause, format, args);

    /// <summary>Logs for who must know.</summary>
    public static void Error(this ILoggingAdapter log, string format, params object[] args) => Log(log, LogLevel.ErrorLevel, null, format, args);

    /// <summary>Logs for who must know.</summary>
    public static void Error(this ILoggingAdapter log, Exception cause, string format, params object[] args) => Log(log, LogLevel.ErrorLevel, cause, format, args);

    /// <summary>Logs at a level.</summary>
    public static void Log(this ILoggingAdapter log, LogLevel logLevel, string format, params object[] args) => Log(log, logLevel, null, format, args);

    /// <summary>Logs at a level.</summary>
    public static void Log(this ILoggingAdapter log, LogLevel logLevel, Exception cause, string format, params object[] args)
    {
        if (!log.IsEnabled(logLevel))
            return;
        if (args is null or { Length: 0 })
            log.Log(logLevel, cause, format);
        else
            log.Log(logLevel, cause, new DefaultLogMessage(log.Formatter, format, args));
    }
}

/// <summary>Makes logs.</summary>
public static class Logging
{
    /// <summary>A log that drops what it gets.</summary>
    public static readonly ILoggingAdapter NoLogger = Event.NoLogger.Instance;

    /// <summary>What writes to standard output.</summary>
    public static readonly StandardOutLogger StandardOutLogger = new();

    /// <summary>The log of an actor.</summary>
    public static ILoggingAdapter GetLogger(this IActorContext context, ILogMessageFormatter logMessageFormatter = null)
        => new BusLogging(context.System.EventStream, SourceOf(context.Self), ((ActorCell)context).Actor?.GetType() ?? context.Props.Type,
            logMessageFormatter ?? DefaultLogMessageFormatter.Instance);

    /// <summary>A log of a system with what it is for.</summary>
    public static ILoggingAdapter GetLogger(ActorSystem system, object logSourceObj, ILogMessageFormatter logMessageFormatter = null)
        => GetLogger(system.EventStream, logSourceObj, logMessageFormatter);

    /// <summary>A log of a bus with what it is for.</summary>
    public static ILoggingAdapter GetLogger(LoggingBus loggingBus, object logSourceObj, ILogMessageFormatter logMessageFormatter = null)
    {
        var source = logSourceObj switch
        {
            string text => text,
            IActorRef actor => SourceOf(actor),
            IActorContext context => SourceOf(context.Self),
            Type type => type.Name,
            _ => logSourceObj.GetType().Name,
        };
        var type2 = logSourceObj as Type ?? (logSourceObj is string ? typeof(DummyClassForStringSources) : logSourceObj.GetType());
        return new BusLogging(loggingBus, source, type2, logMessageFormatter ?? DefaultLogMessageFormatter.Instance);
    }

    /// <summary>The class of the events of a level.</summary>
    public static Type ClassFor(this LogLevel logLevel) => logLevel switch
    {
        LogLevel.DebugLevel => typeof(Debug),
        LogLevel.InfoLevel => typeof(Info),
        LogLevel.WarningLevel => typeof(Warning),
        _ => typeof(Error),
    };

    /// <summary>The level of a name: debug, info, warning, error or off.</summary>
    public static LogLevel LogLevelFor(string logLevel) => logLevel?.ToUpperInvariant() switch
    {
        "DEBUG" => LogLevel.DebugLevel,
        "INFO" => LogLevel.InfoLevel,
        "WARNING" => LogLevel.WarningLevel,
        "ERROR" => LogLevel.ErrorLevel,
        "OFF" => Off,
        _ => throw new ArgumentException($"Unknown LogLevel: \"{logLevel}\". Valid values are: \"Debug\", \"Info\", \"Warning\", \"Error\", \"Off\"", nameof(logLevel)),
    };

    /// <summary>The name of a level.</summary>
    public static string StringFor(this LogLevel logLevel) => logLevel switch
    {
        LogLevel.DebugLevel => "DEBUG",
        LogLevel.InfoLevel => "INFO",
        LogLevel.WarningLevel => "WARNING",
        LogLevel.ErrorLevel => "ERROR",
        _ => "OFF",
    };

    internal const LogLevel Off = (LogLevel)int.MaxValue;

    private static string SourceOf(IActorRef actor) => actor.Path.ToString();
}

/// <summary>The class of log events whose source is a text.</summary>
public class DummyClassForStringSources
{
}

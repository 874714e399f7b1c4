using Akka.Actor;

namespace Akka.Event;

/// <summary>How much a log event matters.</summary>
public enum LogLevel
{
    /// <summary>For who looks for a fault.</summary>
    DebugLevel,

    /// <summary>For who wants to know.</summary>
    InfoLevel,

    /// <summary>For who should know.</summary>
    WarningLevel,

    /// <summary>For who must know.</summary>
    ErrorLevel,
}

/// <summary>Something to log.</summary>
public abstract class LogEvent : INoSerializationVerificationNeeded
{
    /// <summary>Now, on this thread.</summary>
    protected LogEvent()
    {
        Timestamp = DateTime.UtcNow;
        Thread = Thread.CurrentThread;
    }

    /// <summary>What was thrown, or null.</summary>
    public Exception Cause { get; protected set; }

    /// <summary>When.</summary>
    public DateTime Timestamp { get; }

    /// <summary>On which thread.</summary>
    public Thread Thread { get; }

    /// <summary>Who says it.</summary>
    public string LogSource { get; protected set; }

    /// <summary>The type that says it.</summary>
    public Type LogClass { get; protected set; }

    /// <summary>What is said.</summary>
    public object Message { get; protected set; }

    /// <summary>How much it matters.</summary>
    public abstract LogLevel LogLevel();

    /// <inheritdoc />
    public override string ToString()
    {
        var level = LogLevel().ToString().Replace("Level", "", StringComparison.Ordinal).ToUpperInvariant();
        var text = $"[{level}][{Timestamp:O}][Thread {Thread.ManagedThreadId:0000}][{LogSource}] {Message}";
        return Cause is null ? text : $"{text}{Environment.NewLine}Cause: {Cause}";
    }
}

/// <summary>Something to log for who looks for a fault.</summary>
public class Debug : LogEvent
{
    /// <summary>Without an exception.</summary>
    public Debug(string logSource, Type logClass, object message) : this(null, logSource, logClass, message)
    {
    }

    /// <summary>With an exception.</summary>
    public Debug(Exception cause, string logSource, Type logClass, object message)
    {
        Cause = cause;
        LogSource = logSource;
        LogClass = logClass;
        Message = message;
    }

    /// <inheritdoc />
    public override LogLevel LogLevel() => Event.LogLevel.DebugLevel;
}

/// <summary>Something to log for who wants to know.</summary>
public class Info : LogEvent
{
    /// <summary>Without an exception.</summary>
    public Info(string logSource, Type logClass, object message) : this(null, logSource, logClass, message)
    {
    }

    /// <summary>With an exception.</summary>
    public Info(Exception cause, string logSource, Type logClass, object message)
    {
        Cause = cause;
        LogSource = logSource;
        LogClass = logClass;
        Message = message;
    }

    /// <inheritdoc />
    public override LogLevel LogLevel() => Event.LogLevel.InfoLevel;
}

/// <summary>Something to log for who should know.</summary>
public class Warning : LogEvent
{
    /// <summary>Without an exception.</summary>
    public Warning(string logSource, Type logClass, object message) : this(null, logSource, logClass, message)
    {
    }

    /// <summary>With an exception.</summary>
    public Warning(Exception cause, string logSource, Type logClass, object message)
    {
        Cause = cause;
        LogSource = logSource;
        LogClass = logClass;
        Message = message;
    }

    /// <inheritdoc />
    public override LogLevel LogLevel() => Event.LogLevel.WarningLevel;
}

/// <summary>Something to log for who must know.</summary>
public class Error : LogEvent
{
    /// <summary>With an exception.</summary>
    public Error(Exception cause, string logSource, Type logClass, object message)
    {
        Cause = cause;
        LogSource = logSource;
        LogClass = logClass;
        Message = message;
    }

    /// <inheritdoc />
    public override LogLevel LogLevel() => Event.LogLevel.ErrorLevel;
}

/// <summary>Puts the parts of a log message together.</summary>
public interface ILogMessageFormatter
{
    /// <summary>The text of a format with its arguments.</summary>
    string Format(string format, params object[] args);

    /// <summary>The text of a format with its arguments.</summary>
    string Format(string format, IEnumerable<object> args);
}

/// <summary>Puts arguments in place of `{0}`; names in braces are taken in their order.</summary>
public class DefaultLogMessageFormatter : ILogMessageFormatter
{
    private DefaultLogMessageFormatter()
    {
    }

    /// <summary>The one there is.</summary>
    public static DefaultLogMessageFormatter Instance { get; } = new();

    /// <inheritdoc />
    public string Format(string format, params object[] args)
        => args is null or { Length: 0 } ? format : string.Format(global::System.Globalization.CultureInfo.InvariantCulture, format, args);

    /// <inheritdoc />
    public string Format(string format, IEnumerable<object> args) => Format(format, args.ToArray());
}

/// <summary>A log message whose text is made when somebody reads it.</summary>
public abstract class LogMessage
{
    /// <summary>With how its parts are put together.</summary>
    protected LogMessage(ILogMessageFormatter formatter, string format)
    {
        Formatter = formatter;
        Format = format;
    }

    /// <summary>The text with places for the arguments.</summary>
    public string Format { get; }

    /// <summary>How the parts are put together.</summary>
    protected ILogMessageFormatter Formatter { get; }

    /// <summary>The parts unjoined.</summary>
    public abstract string Unformatted();

    /// <summary>The arguments.</summary>
    public abstract IEnumerable<object> Parameters();
}

/// <summary>A log message with an array of arguments.</summary>
internal sealed class DefaultLogMessage(ILogMessageFormatter formatter, string format, object[] args) : LogMessage(formatter, format)
{
    public override string Unformatted() => $"{Format} ({string.Join(", ", args)})";

    public override IEnumerable<object> Parameters() => args;

    public override string ToString() => Formatter.Format(Format, args);
}

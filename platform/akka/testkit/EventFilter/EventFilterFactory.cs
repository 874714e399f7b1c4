using System.Text.RegularExpressions;
using Akka.Actor;
using Akka.Event;
using Akka.TestKit.Internal;

namespace Akka.TestKit;

/// <summary>Makes filters on the log. Where several of message, start and contains are given, the first of them counts.</summary>
public class EventFilterFactory
{
    private readonly TestKitBase testKit;
    private readonly ActorSystem system;
    private readonly IReadOnlyList<LogEventFilter> filters;

    /// <summary>Filters the log of the kit's own actor system.</summary>
    public EventFilterFactory(TestKitBase testkit)
        : this(testkit, testkit.Sys)
    {
    }

    /// <summary>Filters the log of another actor system.</summary>
    public EventFilterFactory(TestKitBase testkit, ActorSystem system)
        : this(testkit, system, [])
    {
    }

    internal EventFilterFactory(TestKitBase testKit, ActorSystem system, IReadOnlyList<LogEventFilter> filters)
    {
        this.testKit = testKit;
        this.system = system;
        this.filters = filters;
    }

    /// <summary>Errors caused by an exception of a type, where the pattern matches the message of either.</summary>
    public IEventFilterApplier Exception<TException>(Regex pattern, string? source = null)
        where TException : Exception => Exception(typeof(TException), pattern, source);

    /// <summary>Errors caused by an exception of a type, where the pattern matches the message of either.</summary>
    public IEventFilterApplier Exception(Type exceptionType, Regex pattern, string? source = null, bool checkInnerExceptions = false) =>
        Exception(exceptionType, TextMatcher.Matching(pattern), source, checkInnerExceptions);

    /// <summary>Errors caused by an exception of a type, where the message of either is as said.</summary>
    public IEventFilterApplier Exception<TException>(
        string? message = null, string? start = null, string? contains = null, string? source = null)
        where TException : Exception => Exception(typeof(TException), message, start, contains, source);

    /// <summary>Errors caused by an exception of a type, or by one that has it inside, where the message of either is as said.</summary>
    public IEventFilterApplier Exception(
        Type exceptionType, string? message = null, string? start = null, string? contains = null, string? source = null,
        bool checkInnerExceptions = false) =>
        Exception(exceptionType, TextMatcher.Of(message, start, contains), source, checkInnerExceptions);

    /// <summary>Errors.</summary>
    public IEventFilterApplier Error(string? message = null, string? start = null, string? contains = null, string? source = null) =>
        OfLevel<Error>(TextMatcher.Of(message, start, contains), source);

    /// <summary>Errors whose message matches.</summary>
    public IEventFilterApplier Error(Regex pattern, string? source = null) => OfLevel<Error>(TextMatcher.Matching(pattern), source);

    /// <summary>Warnings.</summary>
    public IEventFilterApplier Warning(string? message = null, string? start = null, string? contains = null, string? source = null) =>
        OfLevel<Warning>(TextMatcher.Of(message, start, contains), source);

    /// <summary>Warnings whose message matches.</summary>
    public IEventFilterApplier Warning(Regex pattern, string? source = null) => OfLevel<Warning>(TextMatcher.Matching(pattern), source);

    /// <summary>Informative events.</summary>
    public IEventFilterApplier Info(string? message = null, string? start = null, string? contains = null, string? source = null) =>
        OfLevel<Info>(TextMatcher.Of(message, start, contains), source);

    /// <summary>Informative events whose message matches.</summary>
    public IEventFilterApplier Info(Regex pattern, string? source = null) => OfLevel<Info>(TextMatcher.Matching(pattern), source);

    /// <summary>Debug events.</summary>
    public IEventFilterApplier Debug(string? message = null, string? start = null, string? contains = null, string? source = null) =>
        OfLevel<Debug>(TextMatcher.Of(message, start, contains), source);

    /// <summary>Debug events whose message matches.</summary>
    public IEventFilterApplier Debug(Regex pattern, string? source = null) => OfLevel<Debug>(TextMatcher.Matching(pattern), source);

    /// <summary>Events of a level.</summary>
    public IEventFilterApplier ForLogLevel(
        LogLevel logLevel, string? message = null, string? start = null, string? contains = null, string? source = null) =>
        ForLogLevel(logLevel, TextMatcher.Of(message, start, contains), source);

    /// <summary>Events of a level whose message matches.</summary>
    public IEventFilterApplier ForLogLevel(LogLevel logLevel, Regex pattern, string? source = null) =>
        ForLogLevel(logLevel, TextMatcher.Matching(pattern), source);

    /// <summary>Events that a predicate accepts.</summary>
    public IEventFilterApplier Custom(Predicate<LogEvent> predicate) => Applier("Custom", predicate);

    /// <summary>Events of a type that a predicate accepts.</summary>
    public IEventFilterApplier Custom<TLogEvent>(Predicate<TLogEvent> predicate)
        where TLogEvent : LogEvent => Applier($"Custom<{typeof(TLogEvent).Name}>", e => e is TLogEvent typed && predicate(typed));

    /// <summary>Dead letters.</summary>
    public IEventFilterApplier DeadLetter() => DeadLetter("DeadLetter", static _ => true, null);

    /// <summary>Dead letters with a message of a type.</summary>
    /// <param name="source">The path of the actor that did not get it.</param>
    public IEventFilterApplier DeadLetter<TMessage>(string? source = null) =>
        DeadLetter($"DeadLetter<{typeof(TMessage).Name}>", static letter => letter.Message is TMessage, source);

    /// <summary>Dead letters with a message of a type that the function accepts.</summary>
    public IEventFilterApplier DeadLetter<TMessage>(Func<TMessage, bool> isMatch, string? source = null) =>
        DeadLetter($"DeadLetter<{typeof(TMessage).Name}>", letter => letter.Message is TMessage typed && isMatch(typed), source);

    /// <summary>Dead letters with a message of a type.</summary>
    public IEventFilterApplier DeadLetter(Type type, string? source = null) =>
        DeadLetter($"DeadLetter<{type.Name}>", letter => type.IsInstanceOfType(letter.Message), source);

    /// <summary>Dead letters with a message of a type that the function accepts.</summary>
    public IEventFilterApplier DeadLetter(Type type, Func<object, bool> isMatch, string? source = null) =>
        DeadLetter($"DeadLetter<{type.Name}>", letter => type.IsInstanceOfType(letter.Message) && isMatch(letter.Message), source);

    private EventFilterApplier DeadLetter(string description, Predicate<DeadLetter> matches, string? source) =>
        Applier(
            description + TextMatcher.Source(source),
            e => e is Warning { Message: DeadLetter letter } && matches(letter) && IsFrom(source, e.LogSource));

    private EventFilterApplier Exception(Type type, TextMatcher text, string? source, bool checkInnerExceptions) =>
        Applier(
            $"Error<{type.Name}>{text}{TextMatcher.Source(source)}",
            e => e is Error && IsFrom(source, e.LogSource) && IsCausedBy(e, type, text, checkInnerExceptions));

    private EventFilterApplier OfLevel<TLevel>(TextMatcher text, string? source)
        where TLevel : LogEvent =>
        Applier(
            $"{typeof(TLevel).Name}{text}{TextMatcher.Source(source)}",
            e => e is TLevel && Says(e, text) && IsFrom(source, e.LogSource));

    private EventFilterApplier ForLogLevel(LogLevel logLevel, TextMatcher text, string? source) => logLevel switch
    {
        LogLevel.DebugLevel => OfLevel<Debug>(text, source),
        LogLevel.InfoLevel => OfLevel<Info>(text, source),
        LogLevel.WarningLevel => OfLevel<Warning>(text, source),
        LogLevel.ErrorLevel => OfLevel<Error>(text, source),
        _ => throw new ArgumentOutOfRangeException(nameof(logLevel), logLevel, "Unknown log level"),
    };

    private EventFilterApplier Applier(string description, Predicate<LogEvent> matches) =>
        new(testKit, system, [.. filters, new LogEventFilter(description, matches)]);

    /// <summary>What an error says is its own message or that of its cause.</summary>
    private static bool Says(LogEvent logEvent, TextMatcher text) =>
        text.Accepts(logEvent.Message) || (logEvent is Error { Cause: { } cause } && text.Accepts(cause.Message));

    private static bool IsCausedBy(LogEvent error, Type type, TextMatcher text, bool checkInnerExceptions)
    {
        for (var cause = error.Cause; cause is not null; cause = checkInnerExceptions ? cause.InnerException : null)
        {
            if (type.IsInstanceOfType(cause) && (text.Accepts(error.Message) || text.Accepts(cause.Message)))
                return true;
        }

        return false;
    }

    /// <summary>A source is given as it is logged, or as a path without the address, or as a path below the user guardian.</summary>
    private static bool IsFrom(string? source, string logSource)
    {
        if (source is null || source == logSource)
            return true;

        var path = logSource.Split('#')[0];
        var scheme = path.IndexOf("://", StringComparison.Ordinal);
        var root = scheme < 0 ? 0 : path.IndexOf('/', scheme + 3);
        return root >= 0 && (source == path[root..] || $"/user/{source}" == path[root..] || source == path);
    }
}

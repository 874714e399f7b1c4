using Akka.Event;

namespace Akka.TestKit.Internal;

/// <summary>One predicate on log events, which tells whoever listens of each event that it accepts.</summary>
internal sealed class LogEventFilter(string description, Predicate<LogEvent> matches) : IEventFilter
{
    internal event Action<LogEvent>? EventMatched;

    /// <inheritdoc/>
    public bool Apply(LogEvent logEvent)
    {
        if (!matches(logEvent))
            return false;

        EventMatched?.Invoke(logEvent);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => description;
}

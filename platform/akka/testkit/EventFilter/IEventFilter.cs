using Akka.Event;

namespace Akka.TestKit;

/// <summary>Decides whether a log event is expected.</summary>
public interface IEventFilter
{
    /// <summary>Whether the event is expected and so is kept out of the log.</summary>
    bool Apply(LogEvent logEvent);
}

/// <summary>A filter that stays until it is taken away.</summary>
public interface IUnmutableFilter : IDisposable
{
    /// <summary>Lets the events through again.</summary>
    void Unmute();
}

using Akka.Actor;
using Akka.Dispatch.SysMsg;
using Akka.Event;
using Akka.TestKit.TestEvent;

namespace Akka.TestKit;

/// <summary>The logger of tests: prints what no filter expects, and shows dead letters and unhandled messages to the filters.</summary>
public class TestEventListener : DefaultLogger
{
    private readonly List<IEventFilter> filters = [];

    /// <inheritdoc/>
    protected override bool Receive(object message)
    {
        switch (message)
        {
            case InitializeLogger initialize:
                foreach (var channel in (Type[])[typeof(Mute), typeof(Unmute), typeof(DeadLetter), typeof(UnhandledMessage)])
                    initialize.LoggingBus.Subscribe(Self, channel);

                Sender.Tell(new LoggerInitialized());
                break;
            case Mute mute:
                filters.AddRange(mute.Filters);
                break;
            case Unmute unmute:
                foreach (var filter in unmute.Filters)
                    filters.Remove(filter);

                break;
            case LogEvent logEvent:
                PrintUnexpected(logEvent);
                break;
            case DeadLetter letter when letter.Message is not Terminate:
                Report(letter);
                break;
            case UnhandledMessage unhandled:
                PrintUnexpected(new Warning(
                    unhandled.Recipient.Path.ToString(),
                    unhandled.Recipient.GetType(),
                    $"Unhandled message from {unhandled.Sender}: {unhandled.Message}"));
                break;
        }

        return true;
    }

    private void Report(DeadLetter letter)
    {
        var source = letter.Recipient.Path.ToString();
        var type = letter.Recipient.GetType();
        if (IsExpected(new Warning(source, type, letter)))
            return;

        PrintUnexpected(new Warning(
            source,
            type,
            letter.Message is ISystemMessage
                ? $"Received dead system message: {letter.Message}"
                : $"Received dead letter from {letter.Sender}: {letter.Message}"));
    }

    private void PrintUnexpected(LogEvent logEvent)
    {
        if (!IsExpected(logEvent))
            Print(logEvent);
    }

    private bool IsExpected(LogEvent logEvent)
    {
        foreach (var filter in filters)
        {
            try
            {
                if (filter.Apply(logEvent))
                    return true;
            }
            catch (Exception)
            {
                // A predicate of a test that throws on some other event says nothing about that event.
            }
        }

        return false;
    }
}

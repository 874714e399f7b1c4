namespace Akka.Actor;

/// <summary>Messages of an actor to itself at later times; they end with the instance of the actor.</summary>
public interface ITimerScheduler
{
    /// <summary>Sends a message at each interval; replaces the timer of the same key.</summary>
    void StartPeriodicTimer(object key, object msg, TimeSpan interval);

    /// <summary>Sends a message at each interval; replaces the timer of the same key.</summary>
    void StartPeriodicTimer(object key, object msg, TimeSpan interval, IActorRef sender);

    /// <summary>Sends a message at each interval after a delay; replaces the timer of the same key.</summary>
    void StartPeriodicTimer(object key, object msg, TimeSpan initialDelay, TimeSpan interval);

    /// <summary>Sends a message at each interval after a delay; replaces the timer of the same key.</summary>
    void StartPeriodicTimer(object key, object msg, TimeSpan initialDelay, TimeSpan interval, IActorRef sender);

    /// <summary>Sends a message once; replaces the timer of the same key.</summary>
    void StartSingleTimer(object key, object msg, TimeSpan timeout);

    /// <summary>Sends a message once; replaces the timer of the same key.</summary>
    void StartSingleTimer(object key, object msg, TimeSpan timeout, IActorRef sender);

    /// <summary>Whether a timer of a key runs.</summary>
    bool IsTimerActive(object key);

    /// <summary>Ends a timer; a message of it that is in the mailbox already does not come.</summary>
    void Cancel(object key);

    /// <summary>Ends all timers.</summary>
    void CancelAll();
}

/// <summary>An actor with timers.</summary>
public interface IWithTimers
{
    /// <summary>The timers; set when the actor is made.</summary>
    ITimerScheduler Timers { get; set; }
}

/// <summary>The timers of one instance of an actor.</summary>
internal sealed class TimerScheduler(ActorCell cell) : ITimerScheduler
{
    private static long instances;

    private readonly long owner = Interlocked.Increment(ref instances);
    private readonly Dictionary<object, Timer> timers = [];
    private int generation;

    public void StartPeriodicTimer(object key, object msg, TimeSpan interval) => Start(key, msg, interval, interval, null);

    public void StartPeriodicTimer(object key, object msg, TimeSpan interval, IActorRef sender) => Start(key, msg, interval, interval, sender);

    public void StartPeriodicTimer(object key, object msg, TimeSpan initialDelay, TimeSpan interval) => Start(key, msg, initialDelay, interval, null);

    public void StartPeriodicTimer(object key, object msg, TimeSpan initialDelay, TimeSpan interval, IActorRef sender)
        => Start(key, msg, initialDelay, interval, sender);

    public void StartSingleTimer(object key, object msg, TimeSpan timeout) => Start(key, msg, timeout, null, null);

    public void StartSingleTimer(object key, object msg, TimeSpan timeout, IActorRef sender) => Start(key, msg, timeout, null, sender);

    public bool IsTimerActive(object key) => timers.ContainsKey(key);

    public void Cancel(object key)
    {
        if (timers.Remove(key, out var timer))
            timer.Cancelable.Cancel(false);
    }

    public void CancelAll()
    {
        foreach (var timer in timers.Values)
            timer.Cancelable.Cancel(false);
        timers.Clear();
    }

    /// <summary>The message that a timer's envelope stands for, or null where the timer was replaced or has ended.</summary>
    public object Open(TimerMessage message)
    {
        if (message.Owner != owner || !timers.TryGetValue(message.Key, out var timer) || timer.Generation != message.Generation)
            return null;
        if (!timer.Repeats)
            timers.Remove(message.Key);
        return timer.Message;
    }

    private void Start(object key, object message, TimeSpan delay, TimeSpan? interval, IActorRef sender)
    {
        Cancel(key);
        var envelope = message is INotInfluenceReceiveTimeout
            ? new QuietTimerMessage(key, ++generation, owner)
            : new TimerMessage(key, ++generation, owner);
        var cancelable = new Cancelable(cell.System.Scheduler.Advanced);
        if (interval is { } every)
            cell.System.Scheduler.ScheduleTellRepeatedly(delay, every, cell.Self, envelope, sender ?? cell.Self, cancelable);
        else
            cell.System.Scheduler.ScheduleTellOnce(delay, cell.Self, envelope, sender ?? cell.Self, cancelable);
        timers[key] = new Timer(message, interval is not null, generation, cancelable);
    }

    private sealed record Timer(object Message, bool Repeats, int Generation, Cancelable Cancelable);
}

/// <summary>What a timer sends: the actor's cell opens it, if its timer is still the one of its key.</summary>
internal class TimerMessage(object key, int generation, long owner) : IAutoReceivedMessage, INoSerializationVerificationNeeded, Event.IDeadLetterSuppression
{
    public object Key => key;

    public int Generation => generation;

    public long Owner => owner;
}

/// <summary>A timer's message that does not count as activity.</summary>
internal sealed class QuietTimerMessage(object key, int generation, long owner) : TimerMessage(key, generation, owner), INotInfluenceReceiveTimeout
{
}

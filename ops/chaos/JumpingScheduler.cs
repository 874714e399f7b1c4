using Akka.Actor;
using Akka.Configuration;
using Akka.Event;

namespace ActorTrain.Chaos;

/// <summary>The usual scheduler with a wall clock that can be put forward and back, as by an operator or a time server. Timers use another
/// clock and are not affected.</summary>
/// <remarks>It wraps the usual scheduler, whose type is sealed.</remarks>
public sealed class JumpingScheduler : IScheduler, IDisposable
{
    private static long offset;
    private readonly HashedWheelTimerScheduler usual;

    public JumpingScheduler(Config scheduler, ILoggingAdapter log) => usual = new HashedWheelTimerScheduler(scheduler, log);

    public static TimeSpan Offset
    {
        get => TimeSpan.FromTicks(Interlocked.Read(ref offset));
        set => Interlocked.Exchange(ref offset, value.Ticks);
    }

    public static Config Settings => ConfigurationFactory.ParseString(
        $"""akka.scheduler.implementation = "{typeof(JumpingScheduler).FullName}, {typeof(JumpingScheduler).Assembly.GetName().Name}" """);

    public DateTimeOffset Now => DateTimeOffset.UtcNow + Offset;

    public TimeSpan MonotonicClock => usual.MonotonicClock;

    public TimeSpan HighResMonotonicClock => usual.HighResMonotonicClock;

    public IAdvancedScheduler Advanced => usual;

    private ITellScheduler Messages => usual;

    public void ScheduleTellOnce(TimeSpan delay, ICanTell receiver, object message, IActorRef sender) =>
        Messages.ScheduleTellOnce(delay, receiver, message, sender);

    public void ScheduleTellOnce(TimeSpan delay, ICanTell receiver, object message, IActorRef sender, ICancelable cancelable) =>
        Messages.ScheduleTellOnce(delay, receiver, message, sender, cancelable);

    public void ScheduleTellRepeatedly(TimeSpan initialDelay, TimeSpan interval, ICanTell receiver, object message, IActorRef sender) =>
        Messages.ScheduleTellRepeatedly(initialDelay, interval, receiver, message, sender);

    public void ScheduleTellRepeatedly(TimeSpan initialDelay, TimeSpan interval, ICanTell receiver, object message, IActorRef sender,
        ICancelable cancelable) =>
        Messages.ScheduleTellRepeatedly(initialDelay, interval, receiver, message, sender, cancelable);

    public void Dispose() => usual.Dispose();
}

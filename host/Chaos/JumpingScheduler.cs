using Akka.Actor;
using Akka.Configuration;
using Akka.Event;

namespace ActorTrain.Host.Chaos;

/// <summary>The usual scheduler with a wall clock that can be put forward and back, as an operator or a time server does. Timers go by another clock
/// and are not touched.</summary>
internal sealed class JumpingScheduler : HashedWheelTimerScheduler
{
    private static long offset;

    /// <summary>As every scheduler is made.</summary>
    public JumpingScheduler(Config scheduler, ILoggingAdapter log)
        : base(scheduler, log)
    {
    }

    /// <summary>How far the clock is ahead.</summary>
    public static TimeSpan Offset
    {
        get => TimeSpan.FromTicks(Interlocked.Read(ref offset));
        set => Interlocked.Exchange(ref offset, value.Ticks);
    }

    /// <summary>What makes an actor system use it.</summary>
    public static Config Settings => ConfigurationFactory.ParseString($"""akka.scheduler.implementation = "{typeof(JumpingScheduler).FullName}, {typeof(JumpingScheduler).Assembly.GetName().Name}" """);

    /// <inheritdoc/>
    protected override DateTimeOffset TimeNow => DateTimeOffset.UtcNow + Offset;
}

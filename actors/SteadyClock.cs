using Akka.Actor;

namespace ActorTrain.Actors;

/// <summary>The time of an actor system: read off the wall once, and steady from then on. Setting the system clock makes no
/// trainer look hung, delays no retry and adds no hour to a run.</summary>
public sealed class SteadyClock : IExtension
{
    private const int Readings = 5;
    private readonly ITimeProvider clocks;
    private readonly DateTimeOffset begun;
    private readonly TimeSpan begunOn;

    public SteadyClock(ITimeProvider clocks)
    {
        ArgumentNullException.ThrowIfNull(clocks);
        this.clocks = clocks;

        // A thread may lose its processor between the two: the reading that took least is the truest.
        var least = TimeSpan.MaxValue;
        for (var i = 0; i < Readings; i++)
        {
            var (before, wall, after) = (clocks.MonotonicClock, clocks.Now, clocks.MonotonicClock);
            if (after - before >= least)
                continue;
            least = after - before;
            (begun, begunOn) = (wall, before);
        }
    }

    public DateTimeOffset Now => begun + (clocks.MonotonicClock - begunOn);

    /// <summary>How long it is until a time; zero once that has come.</summary>
    public TimeSpan Until(DateTimeOffset time) => time - Now is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero;

    /// <summary>The one clock of a system.</summary>
    public static SteadyClock Of(ActorSystem system)
    {
        ArgumentNullException.ThrowIfNull(system);
        return system.WithExtension<SteadyClock, SteadyClockProvider>();
    }
}

/// <summary>Gives every actor system its <see cref="SteadyClock"/>.</summary>
public sealed class SteadyClockProvider : ExtensionIdProvider<SteadyClock>
{
    public override SteadyClock CreateExtension(ExtendedActorSystem system)
    {
        ArgumentNullException.ThrowIfNull(system);
        return new SteadyClock(system.Scheduler);
    }
}

using Akka.Actor;

namespace ActorTrain.Actors;

/// <summary>The time of an actor system: the wall clock, read once, and monotonic from then on. Changes of the system clock make no trainer
/// look hung, delay no retry and add no hour to a run.</summary>
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

        // The thread may be preempted between the two readings: the fastest pair is the most accurate.
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

    /// <summary>Zero for past times.</summary>
    public TimeSpan Until(DateTimeOffset time) => time - Now is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero;

    public static SteadyClock Of(ActorSystem system)
    {
        ArgumentNullException.ThrowIfNull(system);
        return system.WithExtension<SteadyClock, SteadyClockProvider>();
    }
}

public sealed class SteadyClockProvider : ExtensionIdProvider<SteadyClock>
{
    public override SteadyClock CreateExtension(ExtendedActorSystem system)
    {
        ArgumentNullException.ThrowIfNull(system);
        return new SteadyClock(system.Scheduler);
    }
}

using Akka.Actor;
using Akka.Configuration;
using Akka.Event;

namespace ActorTrain.Actors.Tests;

public sealed class SteadyClockTests
{
    [Fact]
    public async Task Whoever_sets_the_clock_of_the_machine_does_not_move_it()
    {
        var scheduler = typeof(SettableScheduler);
        using var system = ActorSystem.Create("clock", ConfigurationFactory.ParseString($"""
            akka {"{"} stdout-loglevel = OFF, loglevel = OFF, scheduler.implementation = "{scheduler.FullName}, {scheduler.Assembly.GetName().Name}" {"}"}
            """));
        var (clock, wall) = (SteadyClock.Of(system), system.Scheduler.Now);
        (clock.Now - wall).Duration().ShouldBeLessThan(TimeSpan.FromMinutes(10));
        foreach (var hours in (int[])[-5, 0, 5])
        {
            var before = clock.Now;
            SettableScheduler.Ahead = TimeSpan.FromHours(hours);
            (clock.Now - before).ShouldBeInRange(TimeSpan.Zero, TimeSpan.FromMinutes(10));
        }

        SteadyClock.Of(system).ShouldBeSameAs(clock);
        await system.Terminate();
    }

    /// <summary>The usual scheduler, on a machine whose clock is set.</summary>
    public sealed class SettableScheduler(Config scheduler, ILoggingAdapter log) : HashedWheelTimerScheduler(scheduler, log)
    {
        public static TimeSpan Ahead { get; set; }

        protected override DateTimeOffset TimeNow => DateTimeOffset.UtcNow + Ahead;
    }
}

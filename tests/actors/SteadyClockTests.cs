using Akka.Actor;

namespace ActorTrain.Actors.Tests;

public sealed class SteadyClockTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);

    [Fact]
    public void Whoever_sets_the_clock_of_the_machine_does_not_move_it()
    {
        var machine = new Machine { Now = Start, MonotonicClock = TimeSpan.FromDays(3) };
        var clock = new SteadyClock(machine);
        clock.Now.ShouldBe(Start);
        foreach (var set in (int[])[-5, 5, 0])
        {
            machine.Now = Start.AddHours(set);
            machine.MonotonicClock += TimeSpan.FromSeconds(10);
        }

        clock.Now.ShouldBe(Start.AddSeconds(30));
        clock.Until(Start.AddSeconds(40)).ShouldBe(TimeSpan.FromSeconds(10));
        clock.Until(Start).ShouldBe(TimeSpan.Zero);
    }

    [Fact]
    public async Task All_actors_of_a_system_go_by_one_clock()
    {
        using var system = ActorSystem.Create("clock");
        SteadyClock.Of(system).ShouldBeSameAs(SteadyClock.Of(system));
        await system.Terminate().WaitAsync(BoundedWaits.Longest);
    }

    private sealed class Machine : ITimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public TimeSpan MonotonicClock { get; set; }

        public TimeSpan HighResMonotonicClock => MonotonicClock;
    }
}

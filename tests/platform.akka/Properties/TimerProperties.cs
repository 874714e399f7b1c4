using Akka.Actor;
using Xunit.Abstractions;

namespace ActorTrain.Tests.PlatformAkka;

/// <summary>A timer that was cancelled, replaced or belongs to an instance before a restart never rings, though its message may have been
/// on its way. An actor is compared with the simplest model of it: which ring of which key it waits for.</summary>
public sealed class TimerProperties(ITestOutputHelper output) : ActorTest("akka.loglevel = OFF")
{
    [Fact]
    public async Task Only_the_timers_that_are_active_ring()
    {
        foreach (var seed in Seeds.Take(3, output))
        {
            var records = Enumerable.Range(0, 8).Select(_ => new Record()).ToArray();
            var actors = records.Select(record => Sys.ActorOf(Props.Create(() => new Timed(record)))).ToArray();
            Parallel.For(0, actors.Length, index =>
            {
                var random = new Random(Seeds.Draw(int.MaxValue, seed, index));
                for (var order = 0; order < 3_000; order++)
                {
                    var key = random.Next(5);
                    var milliseconds = TimeSpan.FromMilliseconds(1 + random.Next(3));
                    actors[index].Tell(
                        random.Next(20) switch
                        {
                            0 => new Fail(),
                            < 6 => new Cancel(key),
                            < 10 => new Start(key, milliseconds, Repeats: true),
                            _ => new Start(key, milliseconds, Repeats: false),
                        },
                        ActorRefs.NoSender);
                    if (order % 100 == 0)
                        Thread.Yield();
                }
            });

            // Each actor waits for one more ring, so that those before had their time.
            foreach (var actor in actors)
                (await actor.Ask<string>("last ring", TimeSpan.FromMinutes(1))).ShouldBe("rung");
            records.SelectMany(record => record.Violations).ShouldBeEmpty();
            records.Sum(record => record.Rings).ShouldBeGreaterThan(0);
            foreach (var actor in actors)
                Sys.Stop(actor);
        }
    }

    private sealed record Start(int Key, TimeSpan Delay, bool Repeats);

    private sealed record Cancel(int Key);

    private sealed record Fail;

    private sealed record Ring(int Key, int Number);

    private sealed record LastRing(IActorRef Asker);

    /// <summary>What outlives the restarts of an actor.</summary>
    private sealed class Record
    {
        public int Numbers { get; set; }

        public int Rings { get; set; }

        public List<string> Violations { get; } = [];
    }

    private sealed class Timed : ReceiveActor, IWithTimers
    {
        private readonly Dictionary<int, (int Number, bool Repeats)> active = [];
        private readonly Record record;

        public Timed(Record record)
        {
            this.record = record;
            Receive<Start>(order =>
            {
                var number = ++record.Numbers;
                active[order.Key] = (number, order.Repeats);
                if (order.Repeats)
                    Timers.StartPeriodicTimer(order.Key, new Ring(order.Key, number), order.Delay);
                else
                    Timers.StartSingleTimer(order.Key, new Ring(order.Key, number), order.Delay);
            });
            Receive<Cancel>(order =>
            {
                active.Remove(order.Key);
                Timers.Cancel(order.Key);
                Verify(order.Key);
            });
            Receive<Fail>(_ => throw new InvalidOperationException("made to fail"));
            Receive<Ring>(ring =>
            {
                record.Rings++;
                if (!active.TryGetValue(ring.Key, out var expected) || expected.Number != ring.Number)
                    record.Violations.Add($"{ring} came where {(expected.Number == 0 ? "none" : expected.Number.ToString())} was active.");
                else if (!expected.Repeats)
                    active.Remove(ring.Key);
                Verify(ring.Key);
            });
            Receive<string>(_ => Timers.StartSingleTimer("last", new LastRing(Sender), TimeSpan.FromMilliseconds(20)));
            Receive<LastRing>(ring => ring.Asker.Tell("rung"));
        }

        public ITimerScheduler Timers { get; set; } = null!;

        private void Verify(int key)
        {
            if (Timers.IsTimerActive(key) != active.ContainsKey(key))
                record.Violations.Add($"The timer {key} says that it is {(active.ContainsKey(key) ? "not " : "")}active.");
        }
    }
}

using Akka.Actor;
using Akka.TestKit.TestActors;
using Xunit.Abstractions;

namespace ActorTrain.Tests.PlatformAkka;

/// <summary>Each watch of an actor is answered by exactly one Terminated, whenever and however that actor ends, and an unwatch by none.</summary>
public sealed class DeathWatchProperties(ITestOutputHelper output) : ActorTest("akka.loglevel = OFF")
{
    private const int Watchers = 6;
    private const int Mortals = 20;

    [Fact]
    public async Task Every_end_is_told_once_to_each_that_watches()
    {
        foreach (var seed in Seeds.Take(20, output))
        {
            var parent = Sys.ActorOf(Props.Create(() => new Cradle()));
            var mortals = await parent.Ask<IActorRef[]>("mortals");
            var watchers = Enumerable.Range(0, Watchers).Select(_ => Sys.ActorOf<Watcher>()).ToArray();
            var fates = Task.Run(() => Parallel.For(0, Mortals, mortal => End(mortals[mortal], Seeds.Draw(4, seed, mortal))));
            Parallel.For(0, Watchers, index =>
            {
                var random = new Random(Seeds.Draw(int.MaxValue, seed, index, 1));
                for (var order = 0; order < 200; order++)
                {
                    var mortal = mortals[random.Next(Mortals)];
                    watchers[index].Tell(random.Next(4) == 0 ? new Release(mortal) : new Attend(mortal), ActorRefs.NoSender);
                }
            });
            await fates;

            foreach (var watcher in watchers)
            {
                // What was watched when its last order came has ended, so the answers are on their way or here.
                await AwaitAssertAsync(async () => (await watcher.Ask<Report>("report")).Watched.ShouldBe(0), null, TimeSpan.FromMilliseconds(1));
                var report = await watcher.Ask<Report>("report");
                report.Violations.ShouldBeEmpty();
                report.Told.ShouldBeGreaterThan(0);
                Sys.Stop(watcher);
            }

            Sys.Stop(parent);
        }
    }

    [Fact]
    public void An_actor_that_ended_long_ago_is_told_at_once()
    {
        var actor = Watch(Sys.ActorOf(BlackHoleActor.Props));
        Sys.Stop(actor);
        ExpectTerminated(actor);

        Watch(actor);

        ExpectTerminated(actor);
    }

    [Fact]
    public void Watching_twice_is_watching_once()
    {
        var actor = ActorOnThisThread(BlackHoleActor.Props);
        Watch(actor);
        Watch(actor);

        Sys.Stop(actor);

        ExpectTerminated(actor);
        ExpectNoMsg(TimeSpan.Zero);
    }

    [Fact]
    public void A_watcher_that_does_not_handle_the_end_ends_too()
    {
        var mortal = Sys.ActorOf(BlackHoleActor.Props);
        var watcher = Watch(Sys.ActorOf(Props.Create(() => new Devoted(mortal))));

        Sys.Stop(mortal);

        ExpectTerminated(watcher);
    }

    private void End(IActorRef mortal, int fate)
    {
        switch (fate)
        {
            case 0:
                Sys.Stop(mortal);
                break;
            case 1:
                mortal.Tell(PoisonPill.Instance, ActorRefs.NoSender);
                break;
            case 2:
                mortal.Tell(Kill.Instance, ActorRefs.NoSender);
                break;
            default:
                mortal.Tell(new FaultException(Directive.Stop), ActorRefs.NoSender);
                break;
        }
    }

    private sealed record Attend(IActorRef Mortal);

    private sealed record Release(IActorRef Mortal);

    private sealed record Report(int Watched, int Told, IReadOnlyList<string> Violations);

    private sealed class Cradle : ReceiveActor
    {
        public Cradle()
        {
            var mortals = Enumerable.Range(0, Mortals).Select(_ => Context.ActorOf<Mortal>()).ToArray();
            Receive<string>(_ => Sender.Tell(mortals));
        }

        protected override SupervisorStrategy SupervisorStrategy() => FaultException.Obeyed;
    }

    private sealed class Mortal : ReceiveActor
    {
        public Mortal() => Receive<FaultException>(fault => throw fault);
    }

    private sealed class Devoted : ReceiveActor
    {
        public Devoted(IActorRef mortal)
        {
            Context.Watch(mortal);
            Receive<string>(_ => { });
        }
    }

    private sealed class Watcher : ReceiveActor
    {
        private readonly HashSet<IActorRef> watched = [];
        private readonly List<string> violations = [];
        private int told;

        public Watcher()
        {
            Receive<Attend>(order =>
            {
                watched.Add(order.Mortal);
                Context.Watch(order.Mortal);
            });
            Receive<Release>(order =>
            {
                watched.Remove(order.Mortal);
                Context.Unwatch(order.Mortal);
            });
            Receive<Terminated>(terminated =>
            {
                told++;
                if (!watched.Remove(terminated.ActorRef))
                    violations.Add($"The end of {terminated.ActorRef} was told without being watched for.");
            });
            Receive<string>(_ => Sender.Tell(new Report(watched.Count, told, [.. violations])));
        }
    }
}

using System.Collections.Concurrent;
using Akka.Actor;
using Xunit.Abstractions;

namespace ActorTrain.Tests.PlatformAkka;

/// <summary>Children have stopped before their parent's PostStop, a path has one living actor at a time, and every actor that started
/// stops once: in trees whose nodes fail, restart, escalate and are stopped at random by many threads.</summary>
public sealed class TreeProperties(ITestOutputHelper output) : ActorTest("akka.loglevel = OFF")
{
    private const int Depth = 4;
    private const int Breadth = 3;

    [Fact]
    public void Children_stop_before_their_parent()
    {
        foreach (var seed in Seeds.Take(20, output))
        {
            var registry = new Registry();
            var root = Watch(Sys.ActorOf(Props.Create(() => new Node(registry, Depth)), $"root-{seed}"));
            Storm(seed, registry);

            Sys.Stop(root);
            ExpectTerminated(root);

            registry.Verify();
        }
    }

    [Fact]
    public async Task The_end_of_the_actor_system_is_the_end_of_every_actor()
    {
        foreach (var seed in Seeds.Take(5, output))
        {
            using var system = ActorSystem.Create($"storm-{seed}", "akka { loglevel = OFF, stdout-loglevel = OFF }");
            var registry = new Registry();
            foreach (var root in Enumerable.Range(0, 3))
                system.ActorOf(Props.Create(() => new Node(registry, Depth)), $"root-{root}");
            var storm = Task.Run(() => Storm(seed, registry));

            await system.Terminate();
            await storm;

            registry.Verify();
        }
    }

    private static void Storm(int seed, Registry registry)
    {
        Parallel.For(0, 4, thread =>
        {
            var random = new Random(Seeds.Draw(int.MaxValue, seed, thread));
            for (var blow = 0; blow < 200; blow++)
            {
                if (registry.AnyOf(random) is not { } node)
                    continue;
                object message = random.Next(20) switch
                {
                    0 => PoisonPill.Instance,
                    1 => Kill.Instance,
                    2 or 3 => new FaultException(Directive.Stop),
                    4 or 5 => new FaultException(Directive.Escalate),
                    < 12 => new FaultException(Directive.Restart),
                    < 16 => new FaultException(Directive.Resume),
                    _ => "nothing",
                };
                node.Tell(message, ActorRefs.NoSender);
            }
        });
    }

    private sealed class Registry
    {
        private readonly HashSet<string> living = [];
        private readonly List<IActorRef> known = [];
        private readonly List<string> violations = [];
        private int started;
        private int stopped;

        public void Start(IActorRef actor)
        {
            lock (living)
            {
                started++;
                known.Add(actor);
                if (!living.Add(PathOf(actor)))
                    violations.Add($"{actor.Path} started while another of its name lived.");
            }
        }

        public void Stop(IActorRef actor)
        {
            lock (living)
            {
                stopped++;
                var path = PathOf(actor);
                if (!living.Remove(path))
                    violations.Add($"{path} stopped without having started.");
                if (living.FirstOrDefault(other => other.StartsWith($"{path}/", StringComparison.Ordinal)) is { } child)
                    violations.Add($"{path} stopped before {child}.");
            }
        }

        public IActorRef? AnyOf(Random random)
        {
            lock (living)
                return known.Count == 0 ? null : known[random.Next(known.Count)];
        }

        public void Verify()
        {
            lock (living)
            {
                violations.ShouldBeEmpty();
                living.ShouldBeEmpty();
                stopped.ShouldBe(started);
                started.ShouldBeGreaterThan(0);
            }
        }

        private static string PathOf(IActorRef actor) => actor.Path.ToStringWithoutAddress();
    }

    private sealed class Node : ReceiveActor
    {
        private readonly Registry registry;
        private readonly int depth;
        private bool restarting;

        public Node(Registry registry, int depth)
        {
            this.registry = registry;
            this.depth = depth;
            Receive<FaultException>(fault => throw fault);
            ReceiveAny(_ => { });
        }

        protected override SupervisorStrategy SupervisorStrategy() => FaultException.Obeyed;

        protected override void PreStart()
        {
            registry.Start(Self);
            Grow();
        }

        // By default the hook stops the children, does not wait for them, and calls PostStop; that call is not the actor's end. An actor
        // that is stopped while it waits to restart ends as this same instance.
        protected override void PreRestart(Exception reason, object message)
        {
            restarting = true;
            base.PreRestart(reason, message);
            restarting = false;
        }

        protected override void PostRestart(Exception reason) => Grow();

        protected override void PostStop()
        {
            if (!restarting)
                registry.Stop(Self);
        }

        private void Grow()
        {
            for (var child = 0; depth > 0 && child < Breadth; child++)
            {
                var below = depth - 1;
                var soil = registry;
                Context.ActorOf(Props.Create(() => new Node(soil, below)), $"child-{child}");
            }
        }
    }
}

using System.Threading.Channels;
using Akka.Actor;

namespace ActorTrain.Bench.Actors;

internal static class LifeBench
{
    /// <summary>Lives of actors that do one thing and end, a few hundred at a time.</summary>
    public static double SpawnStop(ActorSystem system, int actors)
    {
        using var done = new ManualResetEventSlim();
        var props = Props.Create(() => new Mayfly());
        var parent = system.ActorOf(Props.Create(() => new Breeder(actors, props, done)));
        var speed = ActorBench.PerSecond(actors, () =>
        {
            parent.Tell(Ball.Instance);
            ActorBench.Await(done, "the last of its actors to end");
        });
        system.Stop(parent);
        return speed;
    }

    public static double ChannelSpawnStop(int count) => ActorBench.PerSecond(count, () =>
    {
        const int AtOnce = 256;
        var lives = new Task[AtOnce];
        for (var made = 0; made < count; made += AtOnce)
        {
            for (var i = 0; i < AtOnce; i++)
            {
                var channel = Channel.CreateUnbounded<object>(new UnboundedChannelOptions { SingleReader = true });
                lives[i] = Task.Run(async () =>
                {
                    await foreach (var _ in channel.Reader.ReadAllAsync())
                    {
                    }
                });
                channel.Writer.TryWrite(Ball.Instance);
                channel.Writer.Complete();
            }
            ActorBench.Await(Task.WhenAll(lives), "channels to end");
        }
    });

    /// <summary>The memory of an actor that has handled one message and is idle.</summary>
    public static void Idle(Figures figures, ActorSystem system)
    {
        const int Count = 50_000;
        var props = Props.Create(() => new Returning());
        var parent = system.ActorOf(Props.Create(() => new Holder(props)));
        ActorBench.Await(parent.Ask<object>(1), "an actor's first answer");
        var before = GC.GetTotalMemory(forceFullCollection: true);
        ActorBench.Await(parent.Ask<object>(Count), "the first answer of each actor");
        var bytes = (GC.GetTotalMemory(forceFullCollection: true) - before) / (double)Count;
        system.Stop(parent);
        Console.WriteLine($"  idle: {bytes:N0} bytes an actor");
        figures.Add("actors.idle_bytes", bytes);
    }

    private sealed class Mayfly : UntypedActor
    {
        protected override void OnReceive(object message) => Context.Stop(Self);
    }

    /// <summary>Keeps a few hundred children alive until <c>count</c> have lived.</summary>
    private sealed class Breeder(int count, Props props, ManualResetEventSlim done) : UntypedActor
    {
        private int toMake = count;
        private int toEnd = count;

        protected override void OnReceive(object message)
        {
            if (message is Terminated)
            {
                if (--toEnd == 0)
                    done.Set();
                Make();
                return;
            }
            for (var i = 0; i < 256; i++)
                Make();
        }

        private void Make()
        {
            if (toMake-- > 0)
                Context.Watch(Context.ActorOf(props)).Tell(Ball.Instance);
        }
    }

    /// <summary>Creates children and asks each once; answers when all have answered.</summary>
    private sealed class Holder(Props props) : UntypedActor
    {
        private IActorRef asking = ActorRefs.Nobody;
        private int left;

        protected override void OnReceive(object message)
        {
            if (message is int count)
            {
                asking = Sender;
                left = count;
                for (var i = 0; i < count; i++)
                    Context.ActorOf(props).Tell(Ball.Instance);
            }
            else if (--left == 0)
            {
                asking.Tell(message);
            }
        }
    }
}

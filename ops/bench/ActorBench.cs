using System.Diagnostics;
using System.Threading.Channels;
using Akka.Actor;
using Akka.Configuration;

namespace ActorTrain.Bench;

/// <summary>What a message, a question, a life and an idle actor cost, each beside a bare loop over System.Threading.Channels in the same run.</summary>
internal static class ActorBench
{
    private const int Rounds = 7;

    public static void Run(Figures figures)
    {
        Console.WriteLine("\nactors: against bare System.Threading.Channels loops, in turns");
        var system = ActorSystem.Create("bench", ConfigurationFactory.ParseString("akka.loglevel = WARNING, akka.log-dead-letters = off"));
        Compare(figures, "pingpong", "messages/s", () => PingPong(system, 1_000_000), () => ChannelPingPong(200_000));
        Compare(figures, "flood", "messages/s", () => Flood(system, 2_000_000), () => ChannelFlood(2_000_000));
        Ask(figures, system);
        Compare(figures, "spawn_stop", "actors/s", () => SpawnStop(system, 50_000), () => ChannelSpawnStop(50_000));
        Idle(figures, system);
        system.Terminate().Wait();
    }

    /// <summary>Two sides in turns: the median speed of ours, and the median of the ratios of neighbours.</summary>
    private static void Compare(Figures figures, string name, string unit, Func<double> actors, Func<double> channels)
    {
        actors();
        channels();
        var speeds = new List<double>();
        var ratios = new List<double>();
        for (var round = 0; round < Rounds; round++)
        {
            speeds.Add(actors());
            ratios.Add(speeds[^1] / channels());
        }
        Console.WriteLine($"  {name}: {speeds.Median():N0} {unit} ({speeds.Min():N0} to {speeds.Max():N0}), {ratios.Median():F2} times a channel's");
        figures.Add($"actors.{name}.per_second", speeds.Median());
        figures.Add($"actors.{name}.vs_channels", ratios.Median());
    }

    private static double PerSecond(int count, Action run)
    {
        var started = Stopwatch.GetTimestamp();
        run();
        return count / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    /// <summary>One pair of actors, one message between them.</summary>
    private static double PingPong(ActorSystem system, int messages)
    {
        using var done = new ManualResetEventSlim();
        var pong = system.ActorOf(Props.Create(() => new Returning()));
        var ping = system.ActorOf(Props.Create(() => new Counting(messages / 2, true, done)));
        var speed = PerSecond(messages, () =>
        {
            ping.Tell(Ball.Instance, pong);
            done.Wait();
        });
        system.Stop(ping);
        system.Stop(pong);
        return speed;
    }

    /// <summary>Two loops, each awaiting its channel.</summary>
    private static double ChannelPingPong(int messages)
    {
        var there = Channel.CreateUnbounded<object>(new UnboundedChannelOptions { SingleReader = true });
        var back = Channel.CreateUnbounded<object>(new UnboundedChannelOptions { SingleReader = true });
        return PerSecond(messages, () =>
        {
            var returning = Task.Run(async () =>
            {
                await foreach (var ball in there.Reader.ReadAllAsync())
                    back.Writer.TryWrite(ball);
            });
            var counting = Task.Run(async () =>
            {
                for (var left = messages / 2; left > 0; left--)
                {
                    there.Writer.TryWrite(Ball.Instance);
                    await back.Reader.ReadAsync();
                }
                there.Writer.Complete();
            });
            Task.WaitAll(returning, counting);
        });
    }

    /// <summary>One thread sends to one actor as fast as it can.</summary>
    private static double Flood(ActorSystem system, int messages)
    {
        using var done = new ManualResetEventSlim();
        var sink = system.ActorOf(Props.Create(() => new Counting(messages, false, done)));
        var speed = PerSecond(messages, () =>
        {
            for (var i = 0; i < messages; i++)
                sink.Tell(Ball.Instance, ActorRefs.NoSender);
            done.Wait();
        });
        system.Stop(sink);
        return speed;
    }

    private static double ChannelFlood(int messages)
    {
        var channel = Channel.CreateUnbounded<object>(new UnboundedChannelOptions { SingleReader = true });
        return PerSecond(messages, () =>
        {
            var reading = Task.Run(async () =>
            {
                for (var left = messages; left > 0; left--)
                    await channel.Reader.ReadAsync();
            });
            for (var i = 0; i < messages; i++)
                channel.Writer.TryWrite(Ball.Instance);
            reading.Wait();
        });
    }

    /// <summary>One question after the other, from an asynchronous method; the channel's answer comes through a task's source.</summary>
    private static void Ask(Figures figures, ActorSystem system)
    {
        const int Count = 100_000;
        var echo = system.ActorOf(Props.Create(() => new Returning()));
        var channel = Channel.CreateUnbounded<TaskCompletionSource<object>>(new UnboundedChannelOptions { SingleReader = true });
        var answering = Task.Run(async () =>
        {
            await foreach (var question in channel.Reader.ReadAllAsync())
                question.SetResult(Ball.Instance);
        });
        var medians = new List<double>();
        var ratios = new List<double>();
        for (var round = 0; round <= Rounds; round++)
        {
            var asked = Percentile(() => echo.Ask<object>(Ball.Instance));
            var bare = Percentile(() =>
            {
                var question = new TaskCompletionSource<object>(TaskCreationOptions.RunContinuationsAsynchronously);
                channel.Writer.TryWrite(question);
                return question.Task;
            });
            if (round == 0)
                continue;
            medians.Add(asked);
            ratios.Add(bare / asked);
        }
        channel.Writer.Complete();
        answering.Wait();
        system.Stop(echo);
        Console.WriteLine($"  ask: p50 {medians.Median():F2} us, {ratios.Median():F2} times as fast as a channel's");
        figures.Add("actors.ask.p50_us", medians.Median());
        figures.Add("actors.ask.vs_channels", ratios.Median());

        static double Percentile(Func<Task<object>> ask) => Task.Run(async () =>
        {
            var ticks = new long[Count];
            for (var i = 0; i < Count; i++)
            {
                var started = Stopwatch.GetTimestamp();
                await ask();
                ticks[i] = Stopwatch.GetTimestamp() - started;
            }
            Array.Sort(ticks);
            return 1e6 * ticks[Count / 2] / Stopwatch.Frequency;
        }).Result;
    }

    /// <summary>Lives of actors that do one thing and end, a few hundred at a time.</summary>
    private static double SpawnStop(ActorSystem system, int actors)
    {
        using var done = new ManualResetEventSlim();
        var props = Props.Create(() => new Mayfly());
        var parent = system.ActorOf(Props.Create(() => new Breeder(actors, props, done)));
        var speed = PerSecond(actors, () =>
        {
            parent.Tell(Ball.Instance);
            done.Wait();
        });
        system.Stop(parent);
        return speed;
    }

    /// <summary>As many channels, each with a reading loop, made and ended.</summary>
    private static double ChannelSpawnStop(int count) => PerSecond(count, () =>
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
            Task.WaitAll(lives);
        }
    });

    /// <summary>The memory of an actor that has handled one message and waits.</summary>
    private static void Idle(Figures figures, ActorSystem system)
    {
        const int Count = 50_000;
        var props = Props.Create(() => new Returning());
        var parent = system.ActorOf(Props.Create(() => new Holder(props)));
        parent.Ask<object>(1).Wait();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        parent.Ask<object>(Count).Wait();
        var bytes = (GC.GetTotalMemory(forceFullCollection: true) - before) / (double)Count;
        system.Stop(parent);
        Console.WriteLine($"  idle: {bytes:N0} bytes an actor");
        figures.Add("actors.idle_bytes", bytes);
    }

    private sealed class Ball
    {
        public static readonly Ball Instance = new();
    }

    private sealed class Returning : UntypedActor
    {
        protected override void OnReceive(object message) => Sender.Tell(message, Self);
    }

    private sealed class Counting(int left, bool returning, ManualResetEventSlim done) : UntypedActor
    {
        private int left = left;

        protected override void OnReceive(object message)
        {
            if (--left == 0)
                done.Set();
            else if (returning)
                Sender.Tell(message, Self);
        }
    }

    private sealed class Mayfly : UntypedActor
    {
        protected override void OnReceive(object message) => Context.Stop(Self);
    }

    /// <summary>Keeps a few hundred children alive until so many have lived.</summary>
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

    /// <summary>Makes children and asks each once; answers when all have answered.</summary>
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

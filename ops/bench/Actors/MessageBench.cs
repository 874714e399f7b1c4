using System.Diagnostics;
using System.Threading.Channels;
using Akka.Actor;

namespace ActorTrain.Bench.Actors;

/// <summary>Ping-pong, floods, and questions with answers.</summary>
internal static class MessageBench
{
    /// <summary>One pair of actors, one message between them.</summary>
    public static double PingPong(ActorSystem system, int messages)
    {
        using var done = new ManualResetEventSlim();
        var pong = system.ActorOf(Props.Create(() => new Returning()));
        var ping = system.ActorOf(Props.Create(() => new Counting(messages / 2, true, done)));
        var speed = ActorBench.PerSecond(messages, () =>
        {
            ping.Tell(Ball.Instance, pong);
            ActorBench.Await(done, "a ball to be returned for the last time");
        });
        system.Stop(ping);
        system.Stop(pong);
        return speed;
    }

    /// <summary>Two loops, each awaiting its channel.</summary>
    public static double ChannelPingPong(int messages)
    {
        var there = Channel.CreateUnbounded<object>(new UnboundedChannelOptions { SingleReader = true });
        var back = Channel.CreateUnbounded<object>(new UnboundedChannelOptions { SingleReader = true });
        return ActorBench.PerSecond(messages, () =>
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
            ActorBench.Await(Task.WhenAll(returning, counting), "two channels");
        });
    }

    /// <summary>One thread sends to one actor as fast as it can.</summary>
    public static double Flood(ActorSystem system, int messages)
    {
        using var done = new ManualResetEventSlim();
        var sink = system.ActorOf(Props.Create(() => new Counting(messages, false, done)));
        var speed = ActorBench.PerSecond(messages, () =>
        {
            for (var i = 0; i < messages; i++)
                sink.Tell(Ball.Instance, ActorRefs.NoSender);
            ActorBench.Await(done, "the last message of a flood");
        });
        system.Stop(sink);
        return speed;
    }

    public static double ChannelFlood(int messages)
    {
        var channel = Channel.CreateUnbounded<object>(new UnboundedChannelOptions { SingleReader = true });
        return ActorBench.PerSecond(messages, () =>
        {
            var reading = Task.Run(async () =>
            {
                for (var left = messages; left > 0; left--)
                    await channel.Reader.ReadAsync();
            });
            for (var i = 0; i < messages; i++)
                channel.Writer.TryWrite(Ball.Instance);
            ActorBench.Await(reading, "the last message of a channel");
        });
    }

    /// <summary>One question after another, from an asynchronous method; the channel's answer is a task completion source.</summary>
    public static void Ask(Figures figures, ActorSystem system, int rounds)
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
        for (var round = 0; round <= rounds; round++)
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
        ActorBench.Await(answering, "a channel's end");
        system.Stop(echo);
        Console.WriteLine($"  ask: p50 {medians.Median():F2} us, {ratios.Median():F2} times as fast as a channel's");
        figures.Add("actors.ask.p50_us", medians.Median());
        figures.Add("actors.ask.vs_channels", ratios.Median());

        static double Percentile(Func<Task<object>> ask)
        {
            var ticks = new long[Count];
            ActorBench.Await(
                Task.Run(async () =>
                {
                    for (var i = 0; i < Count; i++)
                    {
                        var started = Stopwatch.GetTimestamp();
                        await ask();
                        ticks[i] = Stopwatch.GetTimestamp() - started;
                    }
                }),
                "answers");
            Array.Sort(ticks);
            return 1e6 * ticks[Count / 2] / Stopwatch.Frequency;
        }
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
}

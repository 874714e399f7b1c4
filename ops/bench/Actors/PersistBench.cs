using System.Diagnostics;
using System.Threading.Channels;
using Akka.Actor;
using Akka.Configuration;
using Akka.Persistence;

namespace ActorTrain.Bench.Actors;

/// <summary>Events persisted per second by one actor on the journal in memory, beside two loops over channels that do the same.</summary>
/// <remarks><c>persist</c>: commands arrive as fast as possible, each persists one event and admits others meanwhile (PersistAsync).
/// <c>persist_one_by_one</c>: each blocks the others until its event is handled (Persist).</remarks>
internal static class PersistBench
{
    private const int Rounds = 5;

    public static void Run(Figures figures)
    {
        Measure(figures, "persist", 300_000, oneByOne: false);
        Measure(figures, "persist_one_by_one", 100_000, oneByOne: true);
    }

    private static void Measure(Figures figures, string name, int events, bool oneByOne)
    {
        var (byActors, byChannels) = (new List<double>(), new List<double>());
        for (var round = 0; round <= Rounds; round++)
        {
            var (fast, bare) = (PerSecond(events, oneByOne, FloodAsync), PerSecond(events, oneByOne, ChannelsAsync));
            if (round == 0)
                continue; // The first warms up.
            byActors.Add(fast);
            byChannels.Add(bare);
        }

        var ratio = byActors.Zip(byChannels, static (actor, channel) => actor / channel).Median();
        Console.WriteLine(
            $"  {name}: {byActors.Median():N0} events/s ({byActors.Min():N0} to {byActors.Max():N0}), {ratio:F2} times the channels'");
        figures.Add($"actors.{name}.per_second", byActors.Median());
        figures.Add($"actors.{name}.vs_channels", ratio);
    }

    private static double PerSecond(int events, bool oneByOne, Func<int, bool, Task<TimeSpan>> run)
    {
        GC.Collect();
        var took = run(events, oneByOne);
        ActorBench.Await(took, "the last event to be persisted");
        return events / took.Result.TotalSeconds;
    }

    // A system for each round, so that no round pays for the events that another has left in memory.
    private static async Task<TimeSpan> FloodAsync(int events, bool oneByOne)
    {
        var system = ActorSystem.Create("persist", ConfigurationFactory.ParseString(
            "akka.loglevel = WARNING\nakka.persistence.snapshot-store.plugin = akka.persistence.snapshot-store.inmem"));
        var (ready, done) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously),
            new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        var actor = system.ActorOf(Props.Create(() => new Account(events, oneByOne, ready, done)));
        await ready.Task;
        var command = new Deposit(1);
        var watch = Stopwatch.StartNew();
        for (var sent = 0; sent < events; sent++)
            actor.Tell(command);
        await done.Task;
        var took = watch.Elapsed;
        await system.Terminate();
        return took;
    }

    // The same path over bare channels: command to owner, event to journal, event back to owner.
    private static async Task<TimeSpan> ChannelsAsync(int events, bool oneByOne)
    {
        var watch = Stopwatch.StartNew();
        var commands = Channel.CreateUnbounded<Deposit>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
        var writes = Channel.CreateUnbounded<Deposit>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
        var acknowledged = Channel.CreateUnbounded<Deposit>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
        var journal = Task.Run(async () =>
        {
            var log = new List<Deposit>();
            for (var written = 0; written < events; written++)
            {
                var deposit = await writes.Reader.ReadAsync();
                log.Add(deposit);
                acknowledged.Writer.TryWrite(deposit);
            }
        });
        var owner = Task.Run(async () =>
        {
            long balance = 0;
            for (int taken = 0, handled = 0; handled < events;)
            {
                if (!oneByOne)
                {
                    while (commands.Reader.TryRead(out var deposit))
                    {
                        writes.Writer.TryWrite(deposit);
                        taken++;
                    }
                }

                if (taken == handled)
                {
                    writes.Writer.TryWrite(await commands.Reader.ReadAsync());
                    taken++;
                }

                balance += (await acknowledged.Reader.ReadAsync()).Amount;
                handled++;
            }

            return balance;
        });
        var command = new Deposit(1);
        for (var sent = 0; sent < events; sent++)
            commands.Writer.TryWrite(command);
        await Task.WhenAll(journal, owner);
        return watch.Elapsed;
    }

    private sealed record Deposit(int Amount);

    private sealed class Account : ReceivePersistentActor
    {
        private long balance;

        public Account(int events, bool oneByOne, TaskCompletionSource ready, TaskCompletionSource done)
        {
            Action<Deposit> handler = deposit =>
            {
                balance += deposit.Amount;
                if (balance == events)
                    done.SetResult();
            };
            Recover<RecoveryCompleted>(_ => ready.SetResult());
            Command<Deposit>(deposit =>
            {
                if (oneByOne)
                    Persist(deposit, handler);
                else
                    PersistAsync(deposit, handler);
            });
        }

        public override string PersistenceId { get; } = Guid.NewGuid().ToString("N");
    }
}

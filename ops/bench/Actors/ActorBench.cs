using System.Diagnostics;
using Akka.Actor;
using Akka.Configuration;

namespace ActorTrain.Bench.Actors;

/// <summary>The cost of a message, a question, an actor's life and an idle actor, each beside a bare loop over System.Threading.Channels in
/// the same run.</summary>
internal static class ActorBench
{
    private const int Rounds = 7;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public static void Run(Figures figures)
    {
        Console.WriteLine("\nactors: against bare System.Threading.Channels loops, in turns");
        var system = ActorSystem.Create("bench", ConfigurationFactory.ParseString("akka.loglevel = WARNING, akka.log-dead-letters = off"));
        Compare(figures, "pingpong", "messages/s", () => MessageBench.PingPong(system, 1_000_000),
            () => MessageBench.ChannelPingPong(200_000));
        Compare(figures, "flood", "messages/s", () => MessageBench.Flood(system, 2_000_000), () => MessageBench.ChannelFlood(2_000_000));
        MessageBench.Ask(figures, system, Rounds);
        Compare(figures, "spawn_stop", "actors/s", () => LifeBench.SpawnStop(system, 50_000), () => LifeBench.ChannelSpawnStop(50_000));
        LifeBench.Idle(figures, system);
        Await(system.Terminate(), "the actor system's end");
        PersistBench.Run(figures);
    }

    /// <summary>Alternates two sides: the median speed of ours, and the median of the ratios of neighbours.</summary>
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
        Console.WriteLine(
            $"  {name}: {speeds.Median():N0} {unit} ({speeds.Min():N0} to {speeds.Max():N0}), {ratios.Median():F2} times a channel's");
        figures.Add($"actors.{name}.per_second", speeds.Median());
        figures.Add($"actors.{name}.vs_channels", ratios.Median());
    }

    internal static double PerSecond(int count, Action run)
    {
        var started = Stopwatch.GetTimestamp();
        run();
        return count / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    /// <summary>Waits for something that takes seconds at most.</summary>
    /// <exception cref="TimeoutException">It took too long.</exception>
    internal static void Await(Task task, string what) => Check(task.Wait(Patience), what);

    internal static void Await(ManualResetEventSlim done, string what) => Check(done.Wait(Patience), what);

    private static void Check(bool came, string what)
    {
        if (!came)
            throw new TimeoutException($"The benchmark waited {Patience.TotalMinutes:F0} minutes for {what} in vain.");
    }
}

internal sealed class Ball
{
    public static readonly Ball Instance = new();
}

internal sealed class Returning : UntypedActor
{
    protected override void OnReceive(object message) => Sender.Tell(message, Self);
}

using System.Globalization;
using Xunit.Abstractions;

namespace ActorTrain.Tests.PlatformAkka;

/// <summary>Seeds of random runs: new ones each time, printed, so that the last one printed by a test that fails can be run again.</summary>
internal static class Seeds
{
    /// <summary>A number of seeds from a new one on, or from the one in the environment variable ACTOR_SEED.</summary>
    public static IEnumerable<int> Take(int count, ITestOutputHelper output)
    {
        var first = Environment.GetEnvironmentVariable("ACTOR_SEED") is { Length: > 0 } given
            ? int.Parse(given, CultureInfo.InvariantCulture)
            : Random.Shared.Next(1_000_000_000);
        for (var seed = first; seed < first + count; seed++)
        {
            output.WriteLine($"ACTOR_SEED={seed}");
            yield return seed;
        }
    }

    /// <summary>A number that depends on a seed and a few others alone, below a bound.</summary>
    public static int Draw(int bound, int seed, int a, int b = 0, int c = 0)
    {
        // The finalizer of SplitMix64 over the numbers, one after the other.
        var state = (ulong)(uint)seed;
        foreach (var number in (ReadOnlySpan<int>)[a, b, c])
        {
            state += 0x9E3779B97F4A7C15 + (uint)number;
            state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
            state = (state ^ (state >> 27)) * 0x94D049BB133111EB;
            state ^= state >> 31;
        }

        return (int)(state % (ulong)bound);
    }
}

/// <summary>A fault that a test made, and what its parent is to do about it.</summary>
internal sealed class FaultException(Akka.Actor.Directive directive) : Exception($"made to fail, then {directive}")
{
    public Akka.Actor.Directive Directive { get; } = directive;

    /// <summary>Supervises by what each fault asks for.</summary>
    public static Akka.Actor.SupervisorStrategy Obeyed { get; } =
        new Akka.Actor.OneForOneStrategy(cause => cause is FaultException fault ? fault.Directive : Akka.Actor.Directive.Stop);
}

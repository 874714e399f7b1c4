using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using ActorTrain.Chaos.Tests.Schedules;

namespace ActorTrain.Chaos.Tests;

/// <summary>The tests as a program: <c>make chaos</c>, and the parts of runs that are killed.</summary>
public static class ChaosProgram
{
    private const int AtATime = 4;
    private static readonly TimeSpan Noteworthy = TimeSpan.FromSeconds(10);

    /// <summary>Runs <c>chaos FAMILY N SEED</c>, N schedules from a seed; <c>show FAMILY N SEED</c>, which only says what they are; or
    /// <c>live FAMILY FOLDER SEED PART [DATABASE]</c>, one part of one. A family is <c>text</c> or <c>policy</c>.</summary>
    /// <returns>The exit code: 0 where all is well.</returns>
    public static int Main(string[] arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        switch (arguments)
        {
            case ["live", var family, var folder, var seed, var part, .. var database]:
                return ChaosRun.LiveOne(Family(family), folder, Number(seed), Number(part), database.FirstOrDefault());
            case ["machine", var folder, var trainers]:
                return BrokenMachineTests.Live(folder, Number(trainers));
            case ["chaos", var family, var count, var seed]:
                return Many(Family(family), Number(count), Number(seed));
            case ["show", var family, var count, var seed]:
                foreach (var shown in Enumerable.Range(Number(seed), Number(count)))
                    Console.WriteLine(RandomSchedule.Of(Family(family), shown));
                return 0;
            default:
                Console.Error.WriteLine("usage: chaos FAMILY N SEED, or show FAMILY N SEED; a family is text or policy");
                return 2;
        }
    }

    private static int Many(ScheduleFamily family, int count, int first)
    {
        Console.WriteLine($"{count} schedules from seed {first}");
        var since = Stopwatch.StartNew();
        var failed = new ConcurrentBag<int>();
        var next = first - 1;
        var threads = Enumerable.Range(0, AtATime).Select(_ => new Thread(Work)).ToList();
        threads.ForEach(static thread => thread.Start());
#pragma warning disable RS0030 // As many runs as were asked for take as long as they take; each has a bound of its own.
        threads.ForEach(static thread => thread.Join());
#pragma warning restore RS0030
        Console.WriteLine($"{count - failed.Count} passed, {failed.Count} failed in {since.Elapsed.TotalSeconds:F0} s");
        foreach (var seed in failed.Order())
            Console.WriteLine($"to replay: make {(family == ScheduleFamily.Policy ? "chaos-rlhf" : "chaos")} SEED={seed} N=1");
        return failed.IsEmpty ? 0 : 1;

        void Work()
        {
            while (Interlocked.Increment(ref next) is var seed && seed < first + count)
            {
                var begun = Stopwatch.StartNew();
                try
                {
                    ChaosRun.Do(RandomSchedule.Of(family, seed));
                }
                catch (Exception exception)
                {
                    failed.Add(seed);
                    Console.WriteLine($"--- seed {seed} failed: {exception}");
                }

                if (begun.Elapsed > Noteworthy)
                    Console.WriteLine($"seed {seed} took {begun.Elapsed.TotalSeconds:F0} s");
            }
        }
    }

    private static ScheduleFamily Family(string text) => Enum.Parse<ScheduleFamily>(text, ignoreCase: true);

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}

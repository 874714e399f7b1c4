using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using ActorTrain.Actors.Tests.DataPlane;
using static System.FormattableString;

namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>The simulation as a program: <c>make simulate</c>, and the search for planted faults of <c>make planted</c>.</summary>
public static class SimulationProgram
{
    private const int LastLines = 60;
    private static readonly TimeSpan ProgressEvery = TimeSpan.FromSeconds(10);

    /// <summary>Runs <c>simulate N SEED</c>, N schedules from a seed; <c>find N SEED</c>, which stops at the first that fails; or <c>show
    /// SEED</c>, one schedule with all that is said in it. Tests start <c>data-plane-node PORT MEDIUM</c>.</summary>
    /// <returns>The exit code: 0 where all are well, or, for <c>find</c>, where one is not.</returns>
    public static int Main(string[] arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        switch (arguments)
        {
            case ["simulate", var count, var seed]:
                return Report(Simulate(Number(seed), Number(count), stopsAtFirst: false));
            case ["find", var count, var seed]:
                var found = Simulate(Number(seed), Number(count), stopsAtFirst: true);
                Console.WriteLine(found is [var (first, message), ..]
                    ? $"found at seed {first}: {message}"
                    : $"not found in {count} schedules from seed {seed}");
                return found.Count > 0 ? 0 : 1;
            case ["show", var seed]:
                return Show(Number(seed));
            case ["data-plane-node", var port, var medium]:
                return KilledNodeTests.Run(port, medium);
            default:
                Console.Error.WriteLine("usage: simulate N SEED, find N SEED, or show SEED");
                return 2;
        }
    }

    private static List<(int Seed, string Message)> Simulate(int from, int count, bool stopsAtFirst)
    {
        Console.WriteLine($"{count} schedules from seed {from}");
        var (failed, since, next, done) = (new ConcurrentBag<(int Seed, string Message)>(), Stopwatch.StartNew(), from - 1, 0);
        var told = ProgressEvery;
        var gate = new Lock();
        var threads = Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new Thread(Work)).ToList();
        threads.ForEach(static thread => thread.Start());
#pragma warning disable RS0030 // As many schedules as were asked for take as long as they take; each has a bound of its own.
        threads.ForEach(static thread => thread.Join());
#pragma warning restore RS0030
        Console.WriteLine(Invariant($"{done - failed.Count} passed, {failed.Count} failed in {since.Elapsed.TotalSeconds:F0} s"));
        return [.. failed.OrderBy(static one => one.Seed)];

        void Work()
        {
            while ((!stopsAtFirst || failed.IsEmpty) && Interlocked.Increment(ref next) is var seed && seed < from + count)
            {
                try
                {
                    SimulatedSchedule.Of(seed).Run();
                }
                catch (Exception exception)
                {
                    var lines = exception.Message.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
                    var message = string.Join(' ', lines);
                    failed.Add((seed, message));
                    if (!stopsAtFirst)
                        Console.WriteLine($"--- seed {seed} failed: {message}");
                }

                NoteDone();
            }
        }

        void NoteDone()
        {
            lock (gate)
            {
                done++;
                if (since.Elapsed < told)
                    return;
                told = since.Elapsed + ProgressEvery;
                var seconds = since.Elapsed.TotalSeconds;
                Console.WriteLine(Invariant($"{seconds,6:F0} s  {done} of {count}, {failed.Count} failed, {done / seconds:F0} a second"));
            }
        }
    }

    private static int Report(List<(int Seed, string Message)> failed)
    {
        foreach (var (seed, _) in failed)
            Console.WriteLine($"to replay: make simulate SEED={seed} N=1");
        if (failed is [var (only, _)])
            Show(only);
        return failed.Count == 0 ? 0 : 1;
    }

    private static int Show(int seed)
    {
        var (schedule, transcript) = (SimulatedSchedule.Of(seed), new StringWriter());
        Console.WriteLine(schedule);
        try
        {
            schedule.Run(transcript);
        }
        catch (Exception exception)
        {
            Console.WriteLine(string.Join('\n', transcript.ToString().Split('\n').TakeLast(LastLines)));
            Console.WriteLine(exception);
            var file = Path.Combine(Path.GetTempPath(), $"actortrain-simulation-{seed}.txt");
            File.WriteAllText(file, transcript.ToString());
            Console.WriteLine($"the whole of it is in {file}");
            return 1;
        }

        Console.Write(transcript);
        return 0;
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}

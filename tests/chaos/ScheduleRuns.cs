using System.Globalization;
using ActorTrain.Chaos.Tests.Schedules;

namespace ActorTrain.Chaos.Tests;

/// <summary>The runs of a family of random schedules, a few at a time: those of seeds that once showed a bug, and many others.</summary>
internal sealed class ScheduleRuns
{
    private const int AtATime = 4;
    private const int Aimed = 20;

    // Of all families together, since tests of several classes run at a time.
    private static readonly Queue<Task> Waiting = [];
    private static int workers;

    private readonly ScheduleFamily family;
    private readonly int[] seeds;
    private readonly Lazy<IReadOnlyDictionary<int, Task<IReadOnlyList<(FaultTarget Target, Fault Fault)>>>> runs;

    /// <param name="regressions">A file of seeds that once failed: a line is a seed and what it showed.</param>
    /// <param name="schedules">How many others.</param>
    public ScheduleRuns(ScheduleFamily family, string regressions, int schedules)
    {
        this.family = family;
        seeds = [.. Regressions(regressions).Concat(Enumerable.Range(1, schedules)).Distinct()];
        runs = new(Start);
    }

    public IReadOnlyList<int> Seeds => seeds;

    /// <summary>The faults that there were in the run of a seed.</summary>
    public Task<IReadOnlyList<(FaultTarget Target, Fault Fault)>> Of(int seed) => runs.Value[seed];

    /// <summary>Those who were never made to throw.</summary>
    public async Task<IReadOnlyList<FaultTarget>> Missed()
    {
        var fired = new HashSet<(FaultTarget, Fault)>();
        foreach (var run in runs.Value.Values)
            fired.UnionWith(await run);

        // Which message is handled how often is a matter of time: who was missed by chance is aimed at.
        return
        [
            .. family.Targets().Where(one => one.Fault == Fault.Throw && !fired.Contains(one)).Select(static one => one.Target)
                .Where(target => !seeds.Take(Aimed).Any(seed => IsHit(seed, target))),
        ];
    }

    private bool IsHit(int seed, FaultTarget target) => ChaosRun.Do(
        RandomSchedule.Of(family, seed) with { Rules = [new FaultRule(target, 1, Fault.Throw)] }).Contains((target, Fault.Throw));

    private Dictionary<int, Task<IReadOnlyList<(FaultTarget, Fault)>>> Start()
    {
        var all = seeds.ToDictionary(static seed => seed,
            seed => new Task<IReadOnlyList<(FaultTarget, Fault)>>(() => ChaosRun.Do(RandomSchedule.Of(family, seed))));
        lock (Waiting)
        {
            foreach (var run in all.Values)
                Waiting.Enqueue(run);
            for (; workers < AtATime; workers++)
                new Thread(Work) { IsBackground = true }.Start();
        }

        return all;
    }

    private static void Work()
    {
        while (Next() is { } run)
            run.RunSynchronously();
    }

    private static Task? Next()
    {
        lock (Waiting)
        {
            if (Waiting.TryDequeue(out var run))
                return run;
            workers--;
            return null;
        }
    }

    private static IEnumerable<int> Regressions(string file) =>
        File.ReadLines(Path.Combine(AppContext.BaseDirectory, file))
            .Where(static line => line.Length > 0 && line[0] != '#')
            .Select(static line => int.Parse(line.Split(' ')[0], CultureInfo.InvariantCulture));
}

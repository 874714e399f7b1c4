using System.Globalization;
using ActorTrain.Chaos.Tests.Schedules;
using ActorTrain.Chaos.Tests.World;

namespace ActorTrain.Chaos.Tests;

/// <summary>Runs under trouble that a seed decides: whatever it is, nothing but time is lost.</summary>
public sealed class ScheduleTests
{
    private const int Schedules = 200;
    private const int AtATime = 4;
    private const int Aimed = 20;

    private static readonly Lazy<IReadOnlyDictionary<int, Task<IReadOnlyList<(FaultTarget Target, Fault Fault)>>>> Runs = new(Start);

    /// <summary>The seeds that once showed a bug, and as many others.</summary>
    public static TheoryData<int> Seeds => [.. All];

    private static IEnumerable<int> All => Regressions().Concat(Enumerable.Range(1, Schedules)).Distinct();

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task A_run_that_is_disturbed_ends_with_the_bits_of_one_that_is_not(int seed) => await Runs.Value[seed];

    /// <summary>So that a target that is never hit, such as a message that was renamed, does not go unnoticed.</summary>
    [Fact]
    public async Task Every_actor_was_made_to_throw_at_every_kind_of_message()
    {
        var fired = new HashSet<(FaultTarget, Fault)>();
        foreach (var run in Runs.Value.Values)
            fired.UnionWith(await run);

        // Which message is handled how often is a matter of time: who was missed by chance is aimed at.
        FaultTarget.All.Where(one => one.Fault == Fault.Throw && !fired.Contains(one) && !All.Take(Aimed)
            .Any(seed => IsHit(seed, one.Target))).Select(static one => one.Target.ToString())
            .ShouldBeEmpty();

        static bool IsHit(int seed, FaultTarget target) =>
            ChaosRun.Do(RandomSchedule.Of(seed) with { Rules = [new FaultRule(target, 1, Fault.Throw)] }).Contains((target, Fault.Throw));
    }

    /// <summary>Another in its place would write that the run is resumed, behind its end.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_supervisor_that_fails_when_it_has_said_how_the_run_ended_is_not_replaced(int seed)
    {
        var schedule = new RandomSchedule { Seed = seed, Training = ChaosTraining.Float32, Trainers = seed, FailsAtEnd = true };
        ChaosRun.Do(schedule).ShouldNotBeEmpty();
    }

    private static Dictionary<int, Task<IReadOnlyList<(FaultTarget, Fault)>>> Start()
    {
        var runs = All.ToDictionary(static seed => seed,
            static seed => new Task<IReadOnlyList<(FaultTarget, Fault)>>(() => ChaosRun.Do(RandomSchedule.Of(seed))));
        var queue = new Queue<Task>(runs.Values);
        for (var worker = 0; worker < AtATime; worker++)
        {
            new Thread(() =>
            {
                while (Next() is { } run)
                    run.RunSynchronously();
            })
            { IsBackground = true }.Start();
        }

        return runs;

        Task? Next()
        {
            lock (queue)
                return queue.TryDequeue(out var run) ? run : null;
        }
    }

    // A line is a seed and what it showed.
    private static IEnumerable<int> Regressions() =>
        File.ReadLines(Path.Combine(AppContext.BaseDirectory, "seeds.txt"))
            .Where(static line => line.Length > 0 && line[0] != '#')
            .Select(static line => int.Parse(line.Split(' ')[0], CultureInfo.InvariantCulture));
}

using System.Diagnostics;
using System.Globalization;
using ActorTrain.Chaos;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Hosting;
using ActorTrain.Host.Training;
using ActorTrain.Models;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Rollouts;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Chaos;

/// <summary>The outcome of one of the compared runs.</summary>
/// <param name="Seconds">From the start of its first process to the end of its last.</param>
/// <param name="WeightsHash">SHA-256 of its final weights; null if it did not reach its last step.</param>
/// <param name="Failures">The last words of each process that ended without a fault.</param>
internal sealed record ChaosOutcome(
    RunDirectory Directory, double Seconds, int Starts, string? WeightsHash, IReadOnlyList<RunEvent> Journal,
    IReadOnlyList<ChaosFired> Fired, IReadOnlyList<string> Failures)
{
    /// <summary>Steps that were taken more than once; each repetition counts.</summary>
    public long StepsLost
    {
        get
        {
            long lost = 0, reached = 0;
            var fired = new Queue<ChaosFired>(Fired.OrderBy(static one => one.At));
            foreach (var decision in Journal)
            {
                while (fired.TryPeek(out var next) && next.At <= decision.At)
                    reached = Math.Max(reached, fired.Dequeue().Step);
                var from = decision switch
                {
                    RunRewound rewound => rewound.LostStep,
                    RunRolledBack back => back.LostStep,
                    _ => reached,
                };
                if (decision is RunRewound or RunRolledBack or RunResumed)
                    (lost, reached) = (lost + Math.Max(0, from - decision.Step), decision.Step);
                reached = Math.Max(reached, decision.Step);
            }

            return lost;
        }
    }
}

/// <summary>Trains one of the compared runs in real processes, as many as necessary.</summary>
/// <param name="runFile">The run file, or null.</param>
/// <param name="force">Whether to train even if memory seems short.</param>
/// <param name="nodes">Processes that host its trainers; 0 for none.</param>
internal sealed class ChaosTrainee(
    TrainingStage stage, string? runFile, IReadOnlyList<string> overrides, RunConfiguration configuration, bool force, int nodes)
{
    private const int KilledExit = 137;
    private const int MostFailures = 3;
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(50);

    public RunDirectory Directory { get; } = new(configuration.Run.Output, configuration.Run.Name);

    /// <summary>Trains it from the start to its end.</summary>
    /// <param name="schedule">Its faults, or null.</param>
    /// <param name="prepare">Adds the initial files to its empty folder.</param>
    /// <param name="tell">Called for each fault as it is applied.</param>
    /// <exception cref="UserErrorException">It cannot be started.</exception>
    public ChaosOutcome Train(ChaosSchedule? schedule, Action<RunDirectory>? prepare, Action<ChaosFired> tell, CancellationToken stop)
    {
        if (System.IO.Directory.Exists(Directory.Path))
            System.IO.Directory.Delete(Directory.Path, recursive: true);
        System.IO.Directory.CreateDirectory(Directory.Path);
        prepare?.Invoke(Directory);
        var orders = schedule is null ? null
            : new ChaosOrders(Environment.ProcessId, DateTimeOffset.UtcNow, schedule.Seed, schedule.Faults).Write(Directory.Path);
        var limitMemory = schedule?.Faults.Any(static fault => ChaosKinds.ByName[fault.Kind].Effect == FaultEffect.PressMemory) == true;
        var log = new ChaosLog(Directory.Path);
        var torn = new Dictionary<int, long>();
        var failures = new List<string>();
        var begun = Stopwatch.GetTimestamp();
        var (starts, told) = (0, 0);
        while (true)
        {
            starts++;
            using var process = TrainingProcess.Start(Arguments(), orders, limitMemory);
            while (!process.Wait(Glance))
            {
                stop.ThrowIfCancellationRequested();
                Tell();
            }

            Tell();
            var last = log.Read() is [.., var newest] ? newest : null;
            if (process.ExitCode == 0)
                break;
            if (process.ExitCode == KilledExit && last is not null && KindOf(last, schedule!).EndsProcess)
            {
                var effect = KindOf(last, schedule!).Effect;
                if (effect == FaultEffect.Tear && !torn.ContainsKey(last.Fault) && Tear() is { } step)
                    torn.Add(last.Fault, step);
                else if (effect == FaultEffect.TearLedger)
                    TearLedger();
                continue;
            }

            if (starts == 1 && last is null)
                throw new UserErrorException($"{process.LastWords.Replace("actortrain: ", "", StringComparison.Ordinal)} (Message of "
                    + $"`actortrain {stage.Command}` for {Directory.Path}.)");
            failures.Add($"a process ended with code {process.ExitCode}: {process.LastWords}");
            if (failures.Count == MostFailures)
                break;
        }

        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        var fired = log.Read().Select(one => torn.TryGetValue(one.Fault, out var step) ? one with { TornStep = step } : one).ToList();
        return Outcome(seconds, starts, fired, failures);

        void Tell()
        {
            foreach (var one in log.Read().Skip(told))
            {
                tell(one);
                told++;
            }
        }
    }

    public ChaosOutcome Outcome(double seconds, int starts, IReadOnlyList<ChaosFired> fired, IReadOnlyList<string> failures)
    {
        var newest = new CheckpointArchive(Directory.CheckpointsDirectory).List().Select(static info => info.Manifest)
            .FirstOrDefault(static manifest => manifest is not null);
        var hash = newest?.Facts.Step == configuration.Training.Steps ? newest.WeightsHash : null;
        return new ChaosOutcome(Directory, seconds, starts, hash, RunDecisions.Read(Directory, configuration.Journal.Connection), fired,
            failures);
    }

    private static ChaosKind KindOf(ChaosFired fired, ChaosSchedule schedule) =>
        ChaosKinds.ByName[schedule.Faults.First(fault => fault.Number == fired.Fault).Kind];

    private IEnumerable<string> Arguments()
    {
        yield return stage.Command;
        if (runFile is not null)
            yield return runFile;
        if (force)
            yield return "--force";
        if (nodes > 0)
        {
            yield return "--nodes";
            yield return nodes.ToString(CultureInfo.InvariantCulture);
        }

        // It is one process, which starts its nodes itself, whoever else leads or joins the run that it stands for.
        string[] own =
        [
            $"run.name={configuration.Run.Name}", $"run.output={configuration.Run.Output}", "cluster.control=", "nodes.listen=",
        ];
        foreach (var setting in overrides.Concat(own))
        {
            yield return "--set";
            yield return setting;
        }
    }

    // Half of the largest file of the newest checkpoint is gone, as after a power cut on a disk that acknowledges writes it has not made.
    private long? Tear()
    {
        var newest = new CheckpointArchive(Directory.CheckpointsDirectory).List().FirstOrDefault(static info => info.Manifest is not null);
        if (newest is null)
            return null;
        Halve(new DirectoryInfo(newest.Path).EnumerateFiles().MaxBy(static file => file.Length)!.FullName);
        return newest.Step;
    }

    private void TearLedger()
    {
        var ledger = new RolloutLedger(Directory.RolloutsDirectory);
        if (ledger.Steps() is [.., var newest])
            Halve(ledger.PathOf(newest));
    }

    private static void Halve(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Write);
        file.SetLength(file.Length / 2);
    }
}

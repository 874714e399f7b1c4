using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ActorTrain.Actors.Recovery;
using ActorTrain.Chaos;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Training;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Chaos;

/// <summary>Trains the compared runs, each in its own folder below <c>NAME-chaos</c>: the undisturbed one, the disturbed one, and, if that
/// one skipped batches, one whose skip list contained them from the start.</summary>
/// <param name="runFile">The run file, or null.</param>
/// <param name="force">Whether to train even if memory seems short.</param>
/// <param name="nodes">Processes that host the trainers of the disturbed run; 0 for none. The others are trained by one process.</param>
internal sealed class ChaosExperiment(
    TrainingStage stage, string? runFile, IReadOnlyList<string> overrides, RunConfiguration configuration, bool force, int nodes,
    Action<string> say)
{
    private const string CacheName = "undisturbed.json";

    private const string RulesKey = "spikes.rules";

    private readonly string folder = configuration.Run.Directory + "-chaos";

    /// <summary>The run without faults; reuses the outcome if the same build has trained the same run before.</summary>
    /// <param name="isFresh">Whether to train it in any case.</param>
    public ChaosOutcome Undisturbed(bool isFresh, CancellationToken stop)
    {
        var trainee = Trainee("undisturbed", configuration, overrides);
        var cache = Path.Combine(folder, CacheName);
        var key = Key();
        if (!isFresh && File.Exists(cache)
            && JsonSerializer.Deserialize(File.ReadAllBytes(cache), CacheJson.Default.CachedRun) is { } cached && cached.Key == key
            && trainee.Directory.State == RunState.Finished
                && trainee.Outcome(cached.Seconds, 1, [], []) is { WeightsHash: not null } known)
        {
            say($"baseline: cached, trained in {cached.Seconds:F1} s");
            return known;
        }

        var outcome = trainee.Train(null, null, static _ => { }, stop);
        say($"baseline: trained in {outcome.Seconds:F1} s");
        if (outcome.WeightsHash is not null)
            File.WriteAllBytes(cache,
                JsonSerializer.SerializeToUtf8Bytes(new CachedRun(key, outcome.Seconds), CacheJson.Default.CachedRun));
        return outcome;
    }

    public ChaosOutcome Disturbed(ChaosSchedule schedule, CancellationToken stop)
    {
        var outcome = Trainee("disturbed", configuration, overrides, nodes).Train(schedule, null, Tell, stop);
        say($"disturbed: trained in {outcome.Seconds:F1} s by {outcome.Starts} "
            + $"{(outcome.Starts == 1 ? "process" : "processes, one after another")}");
        return outcome;

        void Tell(ChaosFired fired)
        {
            var kind = schedule.Faults.First(fault => fault.Number == fired.Fault).Kind;
            say($"disturbed: at step {fired.Step,4}  {kind}, {fired.Actor}: {fired.What}");
        }
    }

    /// <summary>A run without faults that skips from its start what the disturbed one skipped.</summary>
    public ChaosOutcome LeavingOut(IReadOnlyList<RunEvent> decisions, CancellationToken stop)
    {
        var outcome = Trainee("leaving-out", configuration, overrides).Train(null, run => run.WriteUnwritten(
            UnwrittenCodec.Write(UnwrittenRecords.None(0) with { Decisions = Known(decisions) })), static _ => { }, stop);
        say($"skipping these batches from the start: trained in {outcome.Seconds:F1} s");
        return outcome;
    }

    /// <summary>The run on the same poisoned data without spike rules.</summary>
    public ChaosOutcome Unanswered(ChaosSchedule schedule, CancellationToken stop)
    {
        List<string> without = [.. overrides, $"{RulesKey}=none"];
        var poison = schedule with { Faults = [.. schedule.Faults.Where(static fault => fault.Positions > 0)] };
        var outcome = Trainee("unanswered", RunFile.Read(runFile, without), without).Train(poison, null, static _ => { }, stop);
        say($"same poisoned data, without spike rules: trained in {outcome.Seconds:F1} s");
        return outcome;
    }

    public static bool LeavesOut(IReadOnlyList<RunEvent> decisions) => JournalState.Of(decisions).Skips.Ranges.Count > 0;

    // A vetoed batch becomes an intervention of its step, known before the run begins.
    private static List<RunEvent> Known(IReadOnlyList<RunEvent> decisions)
    {
        var state = JournalState.Of(decisions);
        var interventions = state.Interventions
            .Concat(state.Vetoed.Select(static veto => new Intervention(0, veto.Step, [veto.Range], 1, "the skip list", veto.Range.Reason)))
            .OrderBy(static intervention => intervention.From);
        return [.. interventions.Select(static (intervention, i) => new CourseCorrected(DateTimeOffset.UtcNow, 0,
            intervention with { Number = i + 1, By = "the skip list" }))];
    }

    private ChaosTrainee Trainee(string name, RunConfiguration with, IReadOnlyList<string> settings, int onNodes = 0)
    {
        // In a shared database only the name distinguishes runs.
        var own = $"{configuration.Run.Name}-{name}"
            + (configuration.Journal.Connection.Length == 0 || name == "undisturbed" ? ""
                : DateTime.UtcNow.ToString("-yyyyMMddHHmmss", CultureInfo.InvariantCulture));
        return new ChaosTrainee(stage, runFile, settings, with with { Run = new RunOptions { Name = own, Output = folder } }, force,
            onNodes);
    }

    // Equal for the same settings and the same build.
    private string Key()
    {
        var built = Directory.EnumerateFiles(AppContext.BaseDirectory).Where(static file => Path.GetExtension(file) is ".dll" or ".so")
            .Max(File.GetLastWriteTimeUtc);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{CanonicalYaml.Write(configuration)}\n{built:O}")));
    }

}

internal sealed record CachedRun(string Key, double Seconds);

[System.Text.Json.Serialization.JsonSerializable(typeof(CachedRun))]
internal sealed partial class CacheJson : System.Text.Json.Serialization.JsonSerializerContext;

using ActorTrain.Actors.Metrics;
using ActorTrain.Data.Plan;
using ActorTrain.Data.Shards;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Training;
using ActorTrain.Models;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Ledger;
using ActorTrain.Persistence.Metrics;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Runs;

/// <summary>Proves that a run read every sample as often as its plan says.</summary>
internal static class RunAudit
{
    /// <param name="record">Read before: the ledger only grows, and always contains a checkpoint's steps.</param>
    /// <exception cref="UserErrorException">It has no records to audit.</exception>
    public static AuditReport Of(RunDirectory run, RunRecord record)
    {
        var configuration = record.Configuration
            ?? throw new UserErrorException($"{run.Path} has no run.yaml (an imported model has none), so there is nothing to audit; "
                + "name a run that was trained.");
        if (!File.Exists(run.LedgerFile))
            throw new UserErrorException($"{run.Path} has no samples.jsonl, so there is nothing to audit; "
                + $"train it with `actortrain {TrainingStage.Of(run).Command}`.");
        var training = configuration.Training;

        // Positions do not depend on the number of samples, so the data are not needed.
        var samples = SamplesOf(configuration, record);
        var plan = new BatchPlan(
            (ulong)training.Seed, samples ?? 1, training.Batch, training.Lanes, configuration.Rollouts.Schedule());
        var state = JournalState.Of(record.Decisions);
        var (ledger, metrics) = (SampleLedger.ReadHistory(run.LedgerFile), MetricsLog.ReadHistory(run.MetricsFile));
        var rows = ledger.Line.Select(static row => row.Row);
        long? finished = run.State == RunState.Finished ? RunProcess.StepsOf(record.Decisions, configuration) : null;
        var report = SampleAudit.Check(new AuditInput(plan, configuration.Model.ContextLength, rows, state.Skips, record.Newest, finished)
        {
            Abandoned = AbandonedBranch.Of(record.Decisions),
        });
        return report with
        {
            Redone = Math.Max(ledger.Redone, metrics.Redone),

            // A difference in both files is reported once.
            Unequal =
            [
                .. metrics.Unequal.Concat(ledger.Unequal)
                    .DistinctBy(static unequal => (unequal.Step, unequal.Is))
                    .OrderBy(static unequal => (unequal.Is, unequal.Step)),
            ],
            Reads = samples is null ? null : SampleReads.Of(
                plan, rows.TakeWhile(row => row.Step <= report.Steps).Where(row => plan.IsFirst(row.Step - 1))),
        };
    }

    /// <summary>Number of samples of the run's data; null if the data are unavailable.</summary>
    private static long? SamplesOf(RunConfiguration configuration, RunRecord record)
    {
        try
        {
            using var data = TokenStore.Open(configuration.Data.Path);
            var isOther = record.Newest?.State.GetValueOrDefault(RunProcess.DataKey) is { } identity && identity != data.Identity;
            return isOther ? null : data.SampleCount(configuration.Model.ContextLength);
        }
        catch (UserErrorException)
        {
            return null;
        }
    }
}

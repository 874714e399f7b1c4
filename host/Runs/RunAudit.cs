using ActorTrain.Actors.Metrics;
using ActorTrain.Data.Plan;
using ActorTrain.Data.Shards;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Pretraining;
using ActorTrain.Models;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Ledger;
using ActorTrain.Persistence.Metrics;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Runs;

/// <summary>The proof that a run read every sample as often as its plan says.</summary>
internal static class RunAudit
{
    /// <summary>Reads what a run wrote down and compares it.</summary>
    /// <exception cref="UserErrorException">It wrote down nothing that could be audited.</exception>
    public static AuditReport Of(RunDirectory run)
    {
        // The checkpoint first: the ledger only grows, and never knows less than a checkpoint.
        var record = RunRecord.Of(run);
        var configuration = record.Configuration
            ?? throw new UserErrorException($"{run.Path} has no run.yaml (an imported model has none), so there is nothing to audit; "
                + $"name a run trained by `actortrain pretrain`.");
        if (!File.Exists(run.LedgerFile))
            throw new UserErrorException($"{run.Path} has no samples.jsonl, so there is nothing to audit; "
                + $"train it with `actortrain pretrain`.");
        var training = configuration.Training;

        // Positions do not depend on how many samples there are, so the data need not be there.
        var samples = SamplesOf(configuration, record);
        var plan = new BatchPlan((ulong)training.Seed, samples ?? 1, training.Batch, training.Lanes);
        var state = JournalState.Of(record.Decisions);
        var (ledger, metrics) = (SampleLedger.ReadHistory(run.LedgerFile), MetricsLog.ReadHistory(run.MetricsFile));
        var rows = ledger.Line.Select(static row => row.Row);
        long? finished = run.State == RunState.Finished ? PretrainRun.StepsOf(record.Decisions, configuration) : null;
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
            Reads = samples is null ? null : SampleReads.Of(plan, rows.TakeWhile(row => row.Step <= report.Steps)),
        };
    }

    /// <summary>Samples of the data that the run was trained on, or null where they are not at hand.</summary>
    private static long? SamplesOf(RunConfiguration configuration, RunRecord record)
    {
        try
        {
            using var data = TokenStore.Open(configuration.Data.Path);
            var isOther = record.Newest?.State.GetValueOrDefault(PretrainRun.DataKey) is { } identity && identity != data.Identity;
            return isOther ? null : data.Train.SampleCount(configuration.Model.ContextLength);
        }
        catch (UserErrorException)
        {
            return null;
        }
    }
}

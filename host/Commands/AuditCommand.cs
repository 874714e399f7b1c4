using System.CommandLine;
using ActorTrain.Actors.Metrics;
using ActorTrain.Data.Plan;
using ActorTrain.Data.Shards;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Pretraining;
using ActorTrain.Host.Reports;
using ActorTrain.Host.Runs;
using ActorTrain.Models;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Ledger;
using ActorTrain.Persistence.Metrics;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Commands;

/// <summary><c>actortrain audit</c>: the exactly-once proof over samples.</summary>
internal static class AuditCommand
{
    // A running run may roll back to an earlier step between the reading of its parts.
    private const int Attempts = 3;

    public static CliCommand Define()
    {
        var path = RunArgument.Create("Name (under runs/) or folder of a run.");
        var json = new Option<bool>("--json") { Description = "Print JSON instead of text." };
        return new CliCommand<AuditRequest>("audit", "Verify that every sample was trained on once per epoch, "
            + "skipped for a recorded reason, or is still to come.", """
            Compares the samples that the trainers read (samples.jsonl) with the batch plan, the skip list of the journal and the newest
            checkpoint. It needs neither the data nor a running process, but reports read counts per sample only where the data is.
            Steps abandoned by a rollback do not count. Steps recomputed from the same decisions, after a kill or a rollback, must be
            bit-identical. Works during training and after kill -9.
            Exit code 1: an inconsistency was found; the first ones are listed.

            Examples:
              actortrain audit book
              actortrain audit runs/book --json
            """,
            line => new AuditRequest(line.GetRequiredValue(path), line.GetValue(json)),
            Run) { path, json };
    }

    public static int Run(AuditRequest request, CommandContext context)
    {
        var run = NamedRun.Find(request.Run).Directory;
        var report = Audit(run);
        for (var attempt = 1; !report.IsClean && attempt < Attempts && run.State == RunState.Running; attempt++)
            report = Audit(run);
        if (request.Json)
            context.Output.WriteLine(ReportJson.Write(run.Path, report));
        else
            AuditText.Write(run.Path, report, context.Output);
        return report.IsClean ? ExitCode.Success : ExitCode.Failure;
    }

    /// <summary>Reads what a run wrote down and compares it.</summary>
    /// <exception cref="UserErrorException">It wrote down nothing that could be audited.</exception>
    internal static AuditReport Audit(RunDirectory run)
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

public sealed record AuditRequest(string Run, bool Json);

using System.CommandLine;
using ActorTrain.Actors.Metrics;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Reports;
using ActorTrain.Host.Rollouts;
using ActorTrain.Host.Runs;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Commands;

internal static class AuditCommand
{
    // A running run may roll back while its files are read.
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

            Of a policy, also its rollouts: each step has its file, with each answer to each of its prompts once and no prompt of another
            step, with the figures of metrics.jsonl and, where the data is, the rewards that the reward function gives now; an external
            judge is not asked: its recorded answers count. A file that is missing or damaged is written again by 'actortrain replay RUN
            --repair'.
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
        var (report, rollouts) = Audit(run);
        for (var attempt = 1; !IsClean() && attempt < Attempts && run.State == RunState.Running; attempt++)
            (report, rollouts) = Audit(run);
        if (request.Json)
            context.Output.WriteLine(ReportJson.Write(run.Path, report, rollouts));
        else
            AuditText.Write(run.Path, report, context.Output, rollouts);
        return IsClean() ? ExitCode.Success : ExitCode.Failure;

        bool IsClean() => report.IsClean && rollouts is not { IsClean: false };
    }

    private static (AuditReport, RolloutAuditReport?) Audit(RunDirectory run)
    {
        var record = RunRecord.Of(run);
        var report = RunAudit.Of(run, record);
        return (report, PastRollouts.Find(run, record.Configuration) is { } past ? RolloutAudit.Of(past, record, report.Steps) : null);
    }
}

public sealed record AuditRequest(string Run, bool Json);

using System.CommandLine;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Reports;
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
        var report = RunAudit.Of(run);
        for (var attempt = 1; !report.IsClean && attempt < Attempts && run.State == RunState.Running; attempt++)
            report = RunAudit.Of(run);
        if (request.Json)
            context.Output.WriteLine(ReportJson.Write(run.Path, report));
        else
            AuditText.Write(run.Path, report, context.Output);
        return report.IsClean ? ExitCode.Success : ExitCode.Failure;
    }
}

public sealed record AuditRequest(string Run, bool Json);

using System.CommandLine;
using ActorTrain.Actors.Protocol;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Control;
using ActorTrain.Host.Hosting;
using ActorTrain.Host.Reports;
using ActorTrain.Host.Runs;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Machine;
using ActorTrain.Persistence.Metrics;
using ActorTrain.Persistence.Recovery;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Commands;

internal static class StatusCommand
{
    public static CliCommand Define()
    {
        var path = RunArgument.Create("Name (under runs/) or folder of a run.");
        var json = new Option<bool>("--json") { Description = "Print JSON instead of a tree." };
        return new CliCommand<StatusRequest>("status", "Show the state of a run: its actors with restarts, mailbox, lanes and last "
            + "fault, and the interventions in force.", """
            Asks the process that trains the run; without one, reads the journal and checkpoints.

            Examples:
              actortrain status book
              actortrain status runs/book --json
            """,
            line => new StatusRequest(line.GetRequiredValue(path), line.GetValue(json)),
            Run) { path, json };
    }

    public static int Run(StatusRequest request, CommandContext context)
    {
        var run = NamedRun.Find(request.Run).Directory;
        var document = ControlClient.Ask(run, ControlApi.Status, new NoBody()) ?? OfStopped(run);
        if (request.Json)
            context.Output.WriteLine(ReportJson.Write(document));
        else
            StatusReport.Write(document, context);
        return ExitCode.Success;
    }

    // In force are the interventions of the checkpoint that the run will resume from.
    private static OverridesStatus OverridesOf(JournalState journal, RunRecord record)
    {
        var inForce = record.NewestManifest is { } manifest ? RunOrigin.Of(manifest).Overrides.Interventions : [];
        return new OverridesStatus
        {
            IsPaused = journal.IsPaused,
            Quarantined = [.. journal.Quarantined],
            InForce = inForce,
            Pending = [.. journal.Interventions.Where(intervention => !inForce.Contains(intervention))],
            Spikes = journal.Spikes,
            Vetoes = journal.Vetoes,
            Rollbacks = journal.Rollbacks,
            Corruptions = journal.Corruptions,
        };
    }

    /// <summary>The status of a run without a process, from journal, metrics and checkpoints.</summary>
    private static StatusDocument OfStopped(RunDirectory run)
    {
        List<string> notes = [];
        var record = RunRecord.Of(run, notes.Add);
        var journal = JournalState.Of(record.Decisions);
        var step = MetricsLog.Read(run.MetricsFile).OfType<StepMetrics>().LastOrDefault()?.Step ?? record.Newest?.Step ?? 0;
        if (run.WasKilledForMemory)
            notes.Add(OutOfMemoryKills.Sentence);
        if (journal.Ending is { IsFinished: false } ending)
            notes.Add($"Stopped after step {ending.Step}: {ending.Text}");
        if (step > (record.Newest?.Step ?? 0))
            notes.Add($"Steps {(record.Newest?.Step ?? 0) + 1} to {step} will be redone on resume, with the same result.");
        notes.AddRange(journal.Faults.Select(static fault => $"{fault.Key} failed or left "
            + $"{(fault.Value.Count == 1 ? "once" : $"{fault.Value.Count} times")}, most recently: {fault.Value.Reason}"));
        var leader = RunLeader.Of(run);
        if (leader is not null)
            notes.Add($"{run.Path} is led from {leader.Address}; run this command there for more.");
        return new StatusDocument(
            run.Path, leader is not null ? "running" : run.State.ToString().ToLowerInvariant(), step, journal.Steps > 0 ? journal.Steps
                : record.Configuration?.Training.Steps, journal.Generation, JournalWaiting: 0, record.Newest?.Step, notes, Tree: null)
        {
            Term = leader?.Number ?? record.NewestManifest?.Facts.Term,
            Leader = leader is null ? null : $"{leader}",
            Overrides = OverridesDocument.Of(OverridesOf(journal, record)),
        };
    }
}

public sealed record StatusRequest(string Run, bool Json);

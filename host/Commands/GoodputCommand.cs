using System.CommandLine;
using ActorTrain.Actors.Goodput;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Plotting;
using ActorTrain.Host.Reports;
using ActorTrain.Host.Runs;
using ActorTrain.Models;
using ActorTrain.Persistence.Goodput;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Commands;

internal static class GoodputCommand
{
    public static CliCommand Define()
    {
        var path = RunArgument.Create("Name (under runs/) or folder of a run.");
        var json = new Option<bool>("--json") { Description = "Print JSON instead of text." };
        var plot = OptionChecks.Picture("--plot", "Also plot it over time to this .svg or .png file.");
        return new CliCommand<GoodputRequest>("goodput", "Account for every second of a run: new steps, "
            + "redone steps, recovery, pauses.", """
            Reads goodput.jsonl; works during training and after kill -9: a process that dies loses at most two seconds, counted as down.
            A step is redone if the run had reached it before; recovering is the time from a fault to the next update; evaluating and saving
            count only the time by which they delayed the next update.

              ETTR         effective training time ratio: time of new steps and rollouts / all time
                           (Llama 3, 2024, 3.3.4; Kokolis et al., 2024, II-D)
              lost steps   steps that had to be redone
              failures     faults that the run had to recover from, including the death of its process; operator requests do not count
              MTBF         mean time between failures: time neither paused nor stopped cleanly / failures
              MTTR         mean time to recovery: (down after a death + recovering + redone steps) / failures

            Examples:
              actortrain goodput book
              actortrain goodput runs/book --json
              actortrain goodput book --plot goodput.svg
            """,
            line => new GoodputRequest(line.GetRequiredValue(path), line.GetValue(json), line.GetValue(plot)),
            Run) { path, json, plot };
    }

    public static int Run(GoodputRequest request, CommandContext context)
    {
        var run = NamedRun.Find(request.Run).Directory;
        var rows = GoodputLog.Read(run.GoodputFile).ToArray();
        var report = GoodputReport.Of(rows)
            ?? throw new UserErrorException($"{run.Path} has no goodput.jsonl, or it is empty; "
                + "name a run that was trained.");
        if (request.Plot is { } picture)
            GoodputPlot.Save(run.Name, rows, report, picture);
        if (request.Json)
            context.Output.WriteLine(ReportJson.Write(run.Path, report));
        else
            GoodputText.Write(run.Path, report, context.Output);
        if (request.Plot is not null && !request.Json)
            context.Output.WriteLine($"Plotted to {request.Plot}.");
        return ExitCode.Success;
    }
}

public sealed record GoodputRequest(string Run, bool Json, string? Plot);

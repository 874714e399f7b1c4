using System.CommandLine;
using ActorTrain.Actors.Goodput;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Plotting;
using ActorTrain.Host.Reports;
using ActorTrain.Host.Runs;
using ActorTrain.Models;
using ActorTrain.Persistence.Goodput;

namespace ActorTrain.Host.Commands;

/// <summary><c>actortrain goodput</c>: where every second of a run went.</summary>
internal static class GoodputCommand
{
    public static CliCommand Define()
    {
        var path = RunArgument.Create("Name (under runs/) or folder of a run.");
        var json = new Option<bool>("--json") { Description = "Print one JSON object instead of text." };
        var plot = OptionChecks.Picture("--plot", "Draw it over time as well, into this .svg or .png.");
        return new CliCommand<GoodputRequest>("goodput", "Tell where every second of a run went: new steps, redone ones, faults, pauses.", """
            Read from goodput.jsonl, also while the run goes on and after kill -9: a process that dies leaves at most two seconds that count as down.
            A step is redone where the run had as many updates before; recovering is the time from a fault to the next update; evaluating and saving
            are the time for which the next update had to wait.

              ETTR         effective training time ratio: time of new steps / all time (Llama 3, 2024, 3.3.4; Kokolis et al., 2024, II-D)
              lost steps   steps that had to be taken again
              failures     faults that the run had to recover from, its process's death among them; what an operator wanted is none
              MTBF         mean time between failures: time neither paused nor stopped in order / failures
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
            ?? throw new UserErrorException($"{run.Path} has no goodput.jsonl with a row in it, so nobody knows where its time went; name a run that `actortrain pretrain` has trained.");
        if (request.Plot is { } picture)
            GoodputPlot.Save(run.Name, rows, report, picture);
        if (request.Json)
            context.Output.WriteLine(ReportJson.Write(run.Path, report));
        else
            GoodputText.Write(run.Path, report, context.Output);
        if (request.Plot is not null && !request.Json)
            context.Output.WriteLine($"{request.Plot} shows it over time.");
        return ExitCode.Success;
    }
}

/// <summary>What <c>actortrain goodput</c> is asked.</summary>
public sealed record GoodputRequest(string Run, bool Json, string? Plot);

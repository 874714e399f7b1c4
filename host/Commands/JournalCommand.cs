using System.CommandLine;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Reports;
using ActorTrain.Host.Runs;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Commands;

internal static class JournalCommand
{
    public static CliCommand Define()
    {
        var path = RunArgument.Create("Name (under runs/) or folder of a run.");
        var json = new Option<bool>("--json") { Description = "Print one JSON object per line, one line per decision." };
        return new CliCommand<JournalRequest>("journal", "Print the journal of a run: every decision with its time and step.", """
            The journal records what cannot be derived from configuration and data: trainers that joined and left, vetoes, checkpoints,
            restarts, spikes and the actions taken, operator requests. It can be read during training.

            Examples:
              actortrain journal book
              actortrain journal runs/book --json | tail -n 20
            """,
            line => new JournalRequest(line.GetRequiredValue(path), line.GetValue(json)),
            Run) { path, json };
    }

    public static int Run(JournalRequest request, CommandContext context)
    {
        var run = NamedRun.Find(request.Run).Directory;
        var decisions = RunRecord.Of(run).Decisions;
        if (request.Json)
        {
            for (var i = 0; i < decisions.Count; i++)
                context.Output.WriteLine(ReportJson.Write(i + 1, decisions[i]));
        }
        else if (decisions.Count == 0)
        {
            context.Output.WriteLine($"{run.Path} has no journal entries yet.");
        }
        else
        {
            JournalReport.Write(decisions, context.Output);
        }

        return ExitCode.Success;
    }
}

public sealed record JournalRequest(string Run, bool Json);

using System.CommandLine;

namespace ActorTrain.Host.Commands;

/// <summary>Defines <c>actortrain status</c>.</summary>
internal static class StatusCommand
{
    public static Command Define(Func<StatusRequest, int> run)
    {
        var path = RunArgument.Create("A run by its name under runs/ or its folder.");
        var json = new Option<bool>("--json") { Description = "Print one JSON object instead of a tree." };
        var command = new TaughtCommand("status", "Show how a run stands: its actors with state, restarts, mailbox, lanes and last fault; what was decided on its course.", """
            While a process trains the run, it is asked; else its journal and checkpoints tell how it was left.

            Examples:
              actortrain status book
              actortrain status runs/book --json
            """) { path, json };
        command.SetAction(line => run(new StatusRequest(line.GetRequiredValue(path), line.GetValue(json))));
        return command;
    }
}

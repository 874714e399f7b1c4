using System.CommandLine;

namespace ActorTrain.Host.Commands;

/// <summary>Defines <c>actortrain journal</c>.</summary>
internal static class JournalCommand
{
    public static Command Define(Func<JournalRequest, int> run)
    {
        var path = RunArgument.Create("A run by its name under runs/ or its folder.");
        var json = new Option<bool>("--json") { Description = "Print one JSON object per decision and line." };
        var command = new TaughtCommand("journal", "Tell what a run decided, when and after which step, in words.", """
            The journal holds what cannot be derived from configuration and data: trainers that joined and left, vetoes, checkpoints, restarts,
            spikes and how they were answered, what operators decided. It may be read while the run goes on.

            Examples:
              actortrain journal book
              actortrain journal runs/book --json | tail -n 20
            """) { path, json };
        command.SetAction(line => run(new JournalRequest(line.GetRequiredValue(path), line.GetValue(json))));
        return command;
    }
}

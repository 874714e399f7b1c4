using System.CommandLine;

namespace ActorTrain.Host.Commands;

/// <summary>Defines <c>actortrain runs</c>.</summary>
internal static class RunsCommand
{
    public static Command Define(Func<RunsRequest, int> run)
    {
        var output = new Option<string>("--output") { Description = "The folder that holds the runs.", HelpName = "DIR", DefaultValueFactory = static _ => "runs" };
        var command = new TaughtCommand("runs", "List runs with their step, loss and newest checkpoint.", """
            Examples:
              actortrain runs
              actortrain runs --output /data/runs
            """) { output };
        command.SetAction(line => run(new RunsRequest(line.GetRequiredValue(output))));
        return command;
    }
}

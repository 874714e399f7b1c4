using System.CommandLine;
using ActorTrain.Host.Cli;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Commands;

internal static class RunsCommand
{
    public static CliCommand Define()
    {
        var output = new Option<string>("--output")
        { Description = "Parent folder of the runs.", HelpName = "DIR", DefaultValueFactory = static _ => "runs" };
        return new CliCommand<RunsRequest>("runs", "List runs with their step, loss and newest checkpoint.", """
            Examples:
              actortrain runs
              actortrain runs --output /data/runs
            """,
            line => new RunsRequest(line.GetRequiredValue(output)),
            Run) { output };
    }

    public static int Run(RunsRequest request, CommandContext context)
    {
        var runs = RunDirectory.List(request.Output);
        if (runs.Count == 0)
        {
            context.Output.WriteLine($"There are no runs in {request.Output}; create one with `actortrain pretrain`.");
            return ExitCode.Success;
        }

        var width = Math.Max(4, runs.Max(static run => run.Name.Length));
        context.Output.WriteLine($"{"run".PadRight(width)}  {"state",-9} {"step",9} {"loss",9} {"checkpoint",11}");
        foreach (var run in runs)
        {
            context.Output.WriteLine(
                ($"{run.Name.PadRight(width)}  {run.State.ToString().ToLowerInvariant(),-9} {run.LastStep,9} {run.LastLoss,9:F4} "
                    + $"{run.NewestCheckpoint,11}  {run.Problem}").TrimEnd());
        }

        return ExitCode.Success;
    }
}

public sealed record RunsRequest(string Output);

using ActorTrain.Host.Cli;
using ActorTrain.Host.Control;
using ActorTrain.Host.Runs;
using ActorTrain.Host.Training;
using ActorTrain.Models;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Commands;

internal static class ScaleCommand
{
    public static CliCommand Define()
    {
        var path = RunArgument.Create("Name (under runs/) or folder of a run that a process is training.");
        var trainers = OptionChecks.Required<int>("--trainers", "N", ControlBounds.Trainers, "New number of trainers.");
        return new CliCommand<ScaleRequest>("scale", "Add or remove trainers of a running run.", """
            Trainers share the lanes of a step. New trainers copy the state of a healthy one while the others continue; lanes of removed
            trainers are reassigned within the same step. The result is bit-identical in any case. Only the user who started the run
            may do this. It lasts until the process ends; to make it permanent, set trainers.count in the run file.

            Examples:
              actortrain scale book --trainers 3
              actortrain scale runs/book --trainers 1
            """,
            line => new ScaleRequest(line.GetRequiredValue(path), line.GetRequiredValue(trainers)),
            Run) { path, trainers };
    }

    public static int Run(ScaleRequest request, CommandContext context)
    {
        var run = NamedRun.Find(request.Run).Directory;
        var answer = ControlClient.Ask(run, ControlApi.Scale, new ScaleBody(request.Trainers))
            ?? throw NotTraining.Of(run, $"--set trainers.count={request.Trainers}");
        context.Output.WriteLine(answer.Message);
        return ExitCode.Success;
    }
}

public sealed record ScaleRequest(string Run, int Trainers);

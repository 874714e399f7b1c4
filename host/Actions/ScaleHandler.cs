using ActorTrain.Host.Commands;
using ActorTrain.Host.Control;
using ActorTrain.Models;

namespace ActorTrain.Host.Actions;

/// <summary><c>actortrain scale</c>: asks the process that trains a run for more or fewer trainers.</summary>
internal static class ScaleHandler
{
    public static int Run(ScaleRequest request, CommandContext context)
    {
        var run = NamedRun.Find(request.Run).Directory;
        var answer = ControlClient.Ask(run, ControlRequest.Scale(request.Trainers)) ?? throw new UserErrorException(
            $"No process is training {run.Path}; start it by `actortrain pretrain`, with --set trainers.count={request.Trainers}.");
        context.Output.WriteLine(answer.Sentence);
        return ExitCode.Success;
    }
}

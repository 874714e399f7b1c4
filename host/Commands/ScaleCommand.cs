using System.CommandLine;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Control;
using ActorTrain.Host.Runs;
using ActorTrain.Models;

namespace ActorTrain.Host.Commands;

/// <summary><c>actortrain scale</c>: asks the process that trains a run for more or fewer trainers.</summary>
internal static class ScaleCommand
{
    public static CliCommand Define()
    {
        var path = RunArgument.Create("A run by its name under runs/ or its folder, which a process is training.");
        var trainers = OptionChecks.Required<int>("--trainers", "N", new Whole(1, 1 << 16), "Trainers to have from now on.");
        return new CliCommand<ScaleRequest>("scale", "Add or take away trainers while a run goes on.", """
            Trainers share the lanes of a step. New ones copy the state of a healthy one while the others go on; lanes of those that leave are
            computed by the others within the same step. The run ends with the same bits, whatever is done. Only the user who started the run
            may do it; it lasts until the process ends, trainers.count of the run file is for good.

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
        var answer = ControlClient.Ask(run, ControlApi.Scale, new ScaleBody(request.Trainers)) ?? throw new UserErrorException(
            $"No process is training {run.Path}; start it by `actortrain pretrain`, with --set trainers.count={request.Trainers}.");
        context.Output.WriteLine(answer.Message);
        return ExitCode.Success;
    }
}

/// <summary>What <c>actortrain scale</c> is asked.</summary>
public sealed record ScaleRequest(string Run, int Trainers);

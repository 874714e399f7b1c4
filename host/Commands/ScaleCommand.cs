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
        var trainers = OptionChecks.Optional<int>("--trainers", "N", ControlBounds.Trainers, "New number of trainers.");
        var rollouts = OptionChecks.Optional<int>("--rollouts", "N", ControlBounds.Samplers, "New number of workers that sample rollouts.");
        var command = new CliCommand<ScaleRequest>("scale", "Add or remove trainers or samplers of a running run.", """
            Trainers share the lanes of a step. New trainers copy the state of a healthy one while the others continue; lanes of removed
            trainers are reassigned within the same step. Samplers share the rollouts of a step; what removed ones had begun is given to
            the others. The result is bit-identical in any case. Only the user who started the run may do this. It lasts until the
            process ends; to make it permanent, set trainers.count or rollouts.workers in the run file.

            Examples:
              actortrain scale book --trainers 3
              actortrain scale runs/book --trainers 1
              actortrain scale policy --rollouts 4
            """,
            line => new ScaleRequest(line.GetRequiredValue(path), line.GetValue(trainers), line.GetValue(rollouts)),
            Run) { path, trainers, rollouts };
        command.Validators.Add(line =>
        {
            if (line.GetResult(trainers) is null && line.GetResult(rollouts) is null)
                line.AddError("scale needs --trainers or --rollouts, the new number of either");
        });
        return command;
    }

    public static int Run(ScaleRequest request, CommandContext context)
    {
        var run = NamedRun.Find(request.Run).Directory;
        var answer = ControlClient.Ask(run, ControlApi.Scale, new ScaleBody(request.Trainers, request.Rollouts))
            ?? throw NotTraining.Of(run, string.Join(" ", new[]
            {
                request.Trainers is { } trainers ? $"--set trainers.count={trainers}" : null,
                request.Rollouts is { } samplers ? $"--set rollouts.workers={samplers}" : null,
            }.OfType<string>()));
        context.Output.WriteLine(answer.Message);
        return ExitCode.Success;
    }
}

public sealed record ScaleRequest(string Run, int? Trainers = null, int? Rollouts = null);

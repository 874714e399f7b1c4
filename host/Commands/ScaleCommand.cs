using System.CommandLine;
using ActorTrain.Host.Configuration;

namespace ActorTrain.Host.Commands;

/// <summary>Defines <c>actortrain scale</c>.</summary>
internal static class ScaleCommand
{
    public static Command Define(Func<ScaleRequest, int> run)
    {
        var path = RunArgument.Create("A run by its name under runs/ or its folder, which a process is training.");
        var trainers = new Option<int>("--trainers")
        {
            Description = "Trainers to have from now on.",
            HelpName = "N",
            Required = true,
            Arity = ArgumentArity.ExactlyOne,
            CustomParser = static result => OptionChecks.Read(result, new Whole(1, 1 << 16), static value => checked((int)(long)value)),
        };
        var command = new TaughtCommand("scale", "Add or take away trainers while a run goes on.", """
            Trainers share the lanes of a step. New ones copy the state of a healthy one while the others go on; lanes of those that leave are
            computed by the others within the same step. The run ends with the same bits, whatever is done. Only the user who started the run
            may do it; it lasts until the process ends, trainers.count of the run file is for good.

            Examples:
              actortrain scale book --trainers 3
              actortrain scale runs/book --trainers 1
            """) { path, trainers };
        command.SetAction(line => run(new ScaleRequest(line.GetRequiredValue(path), line.GetRequiredValue(trainers))));
        return command;
    }
}

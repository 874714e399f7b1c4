using ActorTrain.Host.Cli;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Control;

namespace ActorTrain.Host.Commands;

/// <summary><c>actortrain lr</c>: changes the learning rate of a run that goes on.</summary>
internal static class LearningRateCommand
{
    public static CliCommand Define()
    {
        var factor = OptionChecks.Required<double>("--factor", "F", new Number(0, Above: true), "The learning rate of all steps from the next on is multiplied by it.");
        var command = OperatorCommands.Define("lr", "Change the learning rate of a run that goes on.", """
            The schedule stays as it is, multiplied by F; factors of several calls multiply one another.
            """, """
              actortrain lr book --factor 0.5
              actortrain lr book --factor 2      # and back again
            """,
            line => new ControlCall<LearningRateBody>(ControlApi.LearningRate, new LearningRateBody(line.GetRequiredValue(factor))));
        command.Add(factor);
        return command;
    }
}

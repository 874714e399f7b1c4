using ActorTrain.Host.Cli;
using ActorTrain.Host.Control;

namespace ActorTrain.Host.Commands;

internal static class LearningRateCommand
{
    public static CliCommand Define()
    {
        var factor = OptionChecks.Required<double>("--factor", "F", ControlBounds.Factor, "Factor for the learning "
            + "rate of all later steps.");
        var command = OperatorCommands.Define("lr", "Scale the learning rate of a running run.", """
            The schedule keeps its shape, multiplied by F; the factors of several calls multiply.
            """, """
              actortrain lr book --factor 0.5
              actortrain lr book --factor 2      # back to the original rate
            """,
            line => new ControlCall<LearningRateBody>(ControlApi.LearningRate, new LearningRateBody(line.GetRequiredValue(factor))));
        command.Add(factor);
        return command;
    }
}

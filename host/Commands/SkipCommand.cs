using ActorTrain.Host.Cli;
using ActorTrain.Host.Control;

namespace ActorTrain.Host.Commands;

internal static class SkipCommand
{
    public static CliCommand Define()
    {
        var batches = OptionChecks.Required<long>("--batches", "N", ControlBounds.Batches, "Number of batches to skip.");
        var command = OperatorCommands.Define("skip", "Skip the next batches of a running run.", """
            They are never trained on; the number of steps stays the same, on the batches that follow.
            """, """
              actortrain skip book --batches 50
            """,
            line => new ControlCall<SkipBody>(ControlApi.Skip, new SkipBody(line.GetRequiredValue(batches))));
        command.Add(batches);
        return command;
    }
}

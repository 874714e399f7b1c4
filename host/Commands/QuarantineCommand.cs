using System.CommandLine;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Control;

namespace ActorTrain.Host.Commands;

internal static class QuarantineCommand
{
    public static CliCommand Define()
    {
        var trainer = OptionChecks.Required<int>("--trainer", "N", ControlBounds.Trainer, "Number of the trainer, "
            + "as shown by `actortrain status`.");
        var release = new Option<bool>("--release") { Description = "Release a quarantined trainer." };
        var command = OperatorCommands.Define("quarantine", "Quarantine a trainer of a running run; a replacement starts.", """
            Its lanes are reassigned within the same step, so the result stays bit-identical. The trainer stays quarantined until it
            is released, also after a restart of the process.
            """, """
              actortrain quarantine book --trainer 1
              actortrain quarantine book --trainer 1 --release
            """,
            line => new ControlCall<TrainerBody>(
                line.GetValue(release) ? ControlApi.Release : ControlApi.Quarantine, new TrainerBody(line.GetRequiredValue(trainer))));
        command.Add(trainer);
        command.Add(release);
        return command;
    }
}

using System.CommandLine;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Control;

namespace ActorTrain.Host.Commands;

/// <summary><c>actortrain quarantine</c>: keeps a trainer away, or lets it come back.</summary>
internal static class QuarantineCommand
{
    public static CliCommand Define()
    {
        var trainer = OptionChecks.Required<int>("--trainer", "N", new Whole(0, 1 << 16), "The trainer's number, as `actortrain status` shows it.");
        var release = new Option<bool>("--release") { Description = "Let a quarantined trainer take part again." };
        var command = OperatorCommands.Define("quarantine", "Let a trainer take no part in a run that goes on; another takes its place.", """
            Its lanes go to the others within the same step, so no bit of the result changes; it stays away until it is released, also in later
            processes.
            """, """
              actortrain quarantine book --trainer 1
              actortrain quarantine book --trainer 1 --release
            """,
            line => new ControlCall<TrainerBody>(line.GetValue(release) ? ControlApi.Release : ControlApi.Quarantine, new TrainerBody(line.GetRequiredValue(trainer))));
        command.Add(trainer);
        command.Add(release);
        return command;
    }
}

using System.CommandLine;

namespace ActorTrain.Host.Commands;

/// <summary>Defines <c>actortrain doctor</c>.</summary>
internal static class DoctorCommand
{
    public static Command Define(Func<DoctorRequest, int> run)
    {
        var json = new Option<bool>("--json") { Description = "Print one JSON object instead of tables." };
        var command = new TaughtCommand("doctor", "Show what this machine has, which kernels were chosen and how fast its matrix products are.", """
            Run it first on a new machine, and whenever training is slower than it was.

            Examples:
              actortrain doctor
              actortrain doctor --json > machine.json
            """) { json };
        command.SetAction(line => run(new DoctorRequest(line.GetValue(json))));
        return command;
    }
}

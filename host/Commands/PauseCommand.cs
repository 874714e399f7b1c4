using ActorTrain.Host.Cli;
using ActorTrain.Host.Control;

namespace ActorTrain.Host.Commands;

internal static class PauseCommand
{
    public static CliCommand Define() =>
        OperatorCommands.Define("pause", "Pause a running run after its current step.", """
            The process and its trainers keep running with their state in memory; the run stays paused if its process is restarted.
            """, """
              actortrain pause book
              actortrain resume book
            """,
            static _ => new ControlCall<NoBody>(ControlApi.Pause, new NoBody()));
}

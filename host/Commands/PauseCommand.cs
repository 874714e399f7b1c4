using ActorTrain.Host.Cli;
using ActorTrain.Host.Control;

namespace ActorTrain.Host.Commands;

/// <summary><c>actortrain pause</c>: holds a run.</summary>
internal static class PauseCommand
{
    public static CliCommand Define() =>
        OperatorCommands.Define("pause", "Let a run that goes on finish its step and begin no other.", """
            Its process stays, and so do its trainers with all they hold; it stays paused when its process is started anew.
            """, """
              actortrain pause book
              actortrain resume book
            """,
            static _ => new ControlCall<NoBody>(ControlApi.Pause, new NoBody()));
}

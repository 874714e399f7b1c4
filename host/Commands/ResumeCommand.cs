using ActorTrain.Host.Cli;
using ActorTrain.Host.Control;

namespace ActorTrain.Host.Commands;

internal static class ResumeCommand
{
    public static CliCommand Define() =>
        OperatorCommands.Define("resume", "Continue a paused run.", """
            A run whose process ended or died is not paused: resume it with the command that started it, such as `actortrain pretrain`.
            """, """
              actortrain resume book
            """,
            static _ => new ControlCall<NoBody>(ControlApi.Resume, new NoBody()));
}

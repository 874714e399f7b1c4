using ActorTrain.Host.Cli;
using ActorTrain.Host.Control;

namespace ActorTrain.Host.Commands;

/// <summary><c>actortrain resume</c>: lets a paused run take steps again.</summary>
internal static class ResumeCommand
{
    public static CliCommand Define() =>
        OperatorCommands.Define("resume", "Let a paused run take steps again.", """
            A run whose process ended or died is not paused: `actortrain pretrain` goes on with it.
            """, """
              actortrain resume book
            """,
            static _ => new ControlCall<NoBody>(ControlApi.Resume, new NoBody()));
}

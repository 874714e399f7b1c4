using ActorTrain.Host.Cli;
using ActorTrain.Host.Control;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Commands;

internal static class StopCommand
{
    public static CliCommand Define()
    {
        var run = RunArgument.Create("Name (under runs/) or folder of a run that a process is training.");
        return new CliCommand<StopRequest>("stop", "Stop a running run after its current step; it can be resumed.", """
            The run finishes its step and saves a checkpoint; then the process that trains it ends with 0, and so do all control
            processes that stand by for it, wherever they run. Ctrl-C or SIGTERM, in contrast, ends one process: if it leads, one
            that stands by takes over. Only the user who started the run may stop it, on the machine from which it is led. Start the
            same commands again to resume the run.

            Examples:
              actortrain stop book
            """,
            line => new StopRequest(line.GetRequiredValue(run)), Run) { run };
    }

    private static int Run(StopRequest request, CommandContext context)
    {
        var run = NamedRun.Find(request.Run).Directory;
        var answer = ControlClient.Ask(run, ControlApi.Stop, new StopBody($"stopped by {Environment.UserName}"))
            ?? throw NotTraining.Of(run);
        context.Output.WriteLine(answer.Message);
        return ExitCode.Success;
    }
}

public sealed record StopRequest(string Run);

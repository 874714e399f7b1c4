using System.CommandLine;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Control;
using ActorTrain.Host.Runs;
using ActorTrain.Host.Training;
using ActorTrain.Models;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Commands;

/// <summary>Common parts of the operator commands for a running run.</summary>
internal static class OperatorCommands
{
    private const string Recorded = """
        The command returns once the decision is durable in the journal, with your user name: a run that is killed right after
        still ends with the same weights. Exit code 2: the run refused and gave the reason. Only the user who started the run may
        do this.
        """;

    /// <param name="call">The request for a command line.</param>
    public static CliCommand Define(string name, string description, string longHelp, string examples, Func<ParseResult, ControlCall> call)
    {
        var run = RunArgument.Create("Name (under runs/) or folder of a run that a process is training.");
        return new CliCommand<OperatorCall>(
            name, description, $"{longHelp}\n{Recorded}\n\nExamples:\n{examples}", line =>
                new OperatorCall(line.GetRequiredValue(run), call(line)), Run) { run };
    }

    private static int Run(OperatorCall request, CommandContext context)
    {
        var run = NamedRun.Find(request.Run).Directory;
        var answer = request.Call.Send(run) ?? throw NotTraining.Of(run);
        context.Output.WriteLine(answer.Message);
        return ExitCode.Success;
    }
}

internal sealed record OperatorCall(string Run, ControlCall Call);

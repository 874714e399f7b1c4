using System.CommandLine;
using ActorTrain.Actors.Protocol;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Control;
using ActorTrain.Host.Runs;
using ActorTrain.Models;

namespace ActorTrain.Host.Commands;

/// <summary>What the commands share by which an operator decides something while a run goes on.</summary>
internal static class OperatorCommands
{
    private const string Recorded = """
        The answer comes when the decision is in the journal, with your name: no crash forgets it, and a run that is killed right after ends with
        the same weights as one that is not. Exit code 2: the run refused, and says why. Only the user who started the run may do it.
        """;

    /// <summary>Defines one.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="description">One sentence.</param>
    /// <param name="lesson">What it does, in sentences.</param>
    /// <param name="examples">A line each.</param>
    /// <param name="decision">What a line decides.</param>
    public static CliCommand Define(string name, string description, string lesson, string examples, Func<ParseResult, OperatorCommand> decision)
    {
        var run = RunArgument.Create("A run by its name under runs/ or its folder, which a process is training.");
        return new CliCommand<OperatorRequest>(
            name, description, $"{lesson}\n{Recorded}\n\nExamples:\n{examples}", line => new OperatorRequest(line.GetRequiredValue(run), decision(line)), Run) { run };
    }

    private static int Run(OperatorRequest request, CommandContext context)
    {
        var run = NamedRun.Find(request.Run).Directory;
        var answer = ControlClient.Ask(run, OperatorRequests.Of(request.Decision))
            ?? throw new UserErrorException($"No process is training {run.Path}, so nobody would hear it; `actortrain pretrain` goes on with the run.");
        context.Output.WriteLine(answer.Sentence);
        return ExitCode.Success;
    }
}

/// <summary>What an operator's command is asked.</summary>
internal sealed record OperatorRequest(string Run, OperatorCommand Decision);

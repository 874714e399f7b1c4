using System.CommandLine;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Control;
using ActorTrain.Host.Reports;
using ActorTrain.Models;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Commands;

internal static class NodesCommand
{
    public static CliCommand Define()
    {
        var run = RunArgument.Create("Name (under runs/) or folder of a run that a process is training.");
        var json = new Option<bool>("--json") { Description = "Print JSON instead of a table." };
        return new CliCommand<NodesRequest>("nodes", "List the nodes of a running run.", """
            A node is a process that hosts trainers and workers of rollouts: see 'actortrain node --help'. An admitted node computes; a
            parked one waits until one of them needs a place; a lost one has not given a sign of life for nodes.timeout, or its process
            ended.

            Examples:
              actortrain nodes book
              actortrain nodes book --json
            """,
            line => new NodesRequest(line.GetRequiredValue(run), line.GetValue(json)),
            Run) { run, json };
    }

    public static int Run(NodesRequest request, CommandContext context)
    {
        var run = NamedRun.Find(request.Run).Directory;
        var nodes = ControlClient.Ask(run, ControlApi.Nodes, new NoBody()) ?? throw NotTraining.Of(run);
        if (request.Json)
            context.Output.WriteLine(ReportJson.Write(nodes));
        else
            Write(nodes, context.Output);
        return ExitCode.Success;
    }

    private static void Write(NodesDocument nodes, TextWriter output)
    {
        var width = nodes.Nodes.Select(static node => node.Name.Length).Append(4).Max();
        output.WriteLine($"{"node".PadRight(width)}  {"state",-8} {"process",8}  {"device",-7} {"threads",7}  {"hosts",-24} last fault");
        foreach (var node in nodes.Nodes)
        {
            output.WriteLine(
                ($"{node.Name.PadRight(width)}  {node.State,-8} {node.Process,8}  {node.Device,-7} {node.Threads,7}  "
                    + $"{string.Join(" ", node.Trainers.Concat(node.Workers).DefaultIfEmpty("-")),-24} {node.LastFault}").TrimEnd());
        }

        if (nodes.Waiting > 0)
            output.WriteLine($"{Plural.Of(nodes.Waiting, "trainer")} waiting for a node with room");
        if (nodes.WaitingWorkers > 0)
            output.WriteLine($"{Plural.Of(nodes.WaitingWorkers, "worker")} of rollouts waiting for a node with the role rollout");
        if (nodes.LastRefusal is { } reason)
            output.WriteLine($"refused {nodes.Refused} times, most recently: {reason}");
    }
}

public sealed record NodesRequest(string Run, bool Json);

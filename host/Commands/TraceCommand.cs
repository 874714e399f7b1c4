using System.CommandLine;
using ActorTrain.Host.Configuration;

namespace ActorTrain.Host.Commands;

/// <summary>Defines <c>actortrain trace</c>.</summary>
internal static class TraceCommand
{
    public static Command Define(Func<TraceRequest, int> run)
    {
        var path = RunArgument.Create("A run by its name under runs/ or its folder, which a process is training.");
        var steps = OptionChecks.Whole("--steps", 10, new Whole(1, 1000), "Whole steps to record.");
        var output = new Option<string?>("--output") { Description = "The file to write; trace.json in the run's folder by default.", HelpName = "FILE" };
        var command = new TaughtCommand("trace", "Record which actor handles which message when, for some steps of a run.", """
            Prints the time that each actor takes of a step, and writes a timeline in the trace event format of Chromium, which https://ui.perfetto.dev and
            chrome://tracing show. The run computes the same bits meanwhile.

            Examples:
              actortrain trace book
              actortrain trace book --steps 3 --output step.json
            """) { path, steps, output };
        command.SetAction(line => run(new TraceRequest(line.GetRequiredValue(path), line.GetValue(steps), line.GetValue(output))));
        return command;
    }
}

using System.CommandLine;
using ActorTrain.Actors.Tracing;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Control;
using ActorTrain.Host.Hosting;
using ActorTrain.Host.Reports;
using ActorTrain.Host.Runs;
using ActorTrain.Models;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Commands;

/// <summary><c>actortrain trace</c>: has the process that trains a run record some steps, and reports them.</summary>
internal static class TraceCommand
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    public static CliCommand Define()
    {
        var path = RunArgument.Create("A run by its name under runs/ or its folder, which a process is training.");
        var steps = OptionChecks.Whole("--steps", 10, new Whole(1, 1000), "Whole steps to record.");
        var output = new Option<string?>("--output") { Description = "The file to write; trace.json in the run's folder by default.", HelpName = "FILE" };
        return new CliCommand<TraceRequest>("trace", "Record which actor handles which message when, for some steps of a run.", """
            Prints the time that each actor takes of a step, and writes a timeline in the trace event format of Chromium, which https://ui.perfetto.dev and
            chrome://tracing show. The run computes the same bits meanwhile.

            Examples:
              actortrain trace book
              actortrain trace book --steps 3 --output step.json
            """,
            line => new TraceRequest(line.GetRequiredValue(path), line.GetValue(steps), line.GetValue(output)),
            Run) { path, steps, output };
    }

    public static int Run(TraceRequest request, CommandContext context)
    {
        var run = NamedRun.Find(request.Run).Directory;
        var output = request.Output ?? Path.Combine(run.Path, "trace.json");
        ReportFile.Require(output, "--output");
        var begun = ControlClient.Ask(run, ControlApi.BeginTrace, new TraceBody(request.Steps)) ?? throw new UserErrorException(
            $"No process is training {run.Path}; start it with `actortrain pretrain`, and trace it from another terminal.");
        context.Error.WriteLine(begun.Message);
        using var stop = new StopSignal();
        var trace = Wait(run, context.Time, stop.Token);
        ReportFile.Write(output, "--output", stream => TraceReport.Save(trace, stream));
        TraceReport.Write(trace, context.Output);
        context.Output.WriteLine($"{output} holds the timeline.");
        return ExitCode.Success;
    }

    private static StepTrace Wait(RunDirectory run, TimeProvider time, CancellationToken stop)
    {
        while (true)
        {
            Task.Delay(Interval, time, stop).GetAwaiter().GetResult();
            var answer = ControlClient.Ask(run, ControlApi.TakeTrace, new NoBody(), stop) ?? throw new UserErrorException(
                $"{run.Path} ended before all steps were recorded; trace fewer with --steps.");
            if (answer.Trace is { } trace)
                return trace;
        }
    }
}

/// <summary>What <c>actortrain trace</c> is asked.</summary>
public sealed record TraceRequest(string Run, int Steps, string? Output);

using System.CommandLine;
using ActorTrain.Actors.Tracing;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Control;
using ActorTrain.Host.Hosting;
using ActorTrain.Host.Reports;
using ActorTrain.Host.Runs;
using ActorTrain.Host.Training;
using ActorTrain.Models;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Commands;

internal static class TraceCommand
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    public static CliCommand Define()
    {
        var path = RunArgument.Create("Name (under runs/) or folder of a run that a process is training.");
        var steps = OptionChecks.Whole("--steps", 10, ControlBounds.TracedSteps, "Number of steps to record.");
        var output = new Option<string?>("--output")
        { Description = "Output file [default: trace.json in the run's folder].", HelpName = "FILE" };
        return new CliCommand<TraceRequest>("trace", "Record a timeline of actors and messages for some steps of a running run.", """
            Prints the time per actor and step, and writes a timeline in Chromium's trace event format, which https://ui.perfetto.dev and
            chrome://tracing can open. Tracing does not change the bits of the result.

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
        var begun = ControlClient.Ask(run, ControlApi.BeginTrace, new TraceBody(request.Steps)) ?? throw NotTraining.Of(run);
        context.Error.WriteLine(begun.Message);
        if (IsPaused(run))
            context.Error.WriteLine($"{run.Path} is paused, so it commits no steps; continue it with `actortrain resume {request.Run}`.");
        using var stop = new StopSignal();
        var trace = Wait(run, context.Time, stop.Token);
        ReportFile.Write(output, "--output", stream => TraceReport.Save(trace, stream));
        TraceReport.Write(trace, context.Output);
        context.Output.WriteLine($"Wrote the timeline to {output}.");
        return ExitCode.Success;
    }

    // A run that is too busy to say still records.
    private static bool IsPaused(RunDirectory run)
    {
        try
        {
            return ControlClient.Ask(run, ControlApi.Status, new NoBody())?.Overrides is { Paused: true };
        }
        catch (UserErrorException)
        {
            return false;
        }
    }

    private static StepTrace Wait(RunDirectory run, TimeProvider time, CancellationToken stop)
    {
        while (true)
        {
            Task.Delay(Interval, time, stop).GetAwaiter().GetResult();
            var answer = ControlClient.Ask(run, ControlApi.TakeTrace, new NoBody(), stop) ?? throw new UserErrorException(
                $"{run.Path} ended before all steps were recorded; record fewer with --steps.");
            if (answer.Trace is { } trace)
                return trace;
        }
    }
}

public sealed record TraceRequest(string Run, int Steps, string? Output);

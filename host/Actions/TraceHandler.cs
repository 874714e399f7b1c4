using ActorTrain.Actors.Tracing;
using ActorTrain.Host.Commands;
using ActorTrain.Host.Control;
using ActorTrain.Host.Reports;
using ActorTrain.Models;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Actions;

/// <summary><c>actortrain trace</c>: has the process that trains a run record some steps, and reports them.</summary>
internal static class TraceHandler
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    public static int Run(TraceRequest request, CommandContext context)
    {
        var run = NamedRun.Find(request.Run).Directory;
        var output = request.Output ?? Path.Combine(run.Path, "trace.json");
        ReportFile.Require(output, "--output");
        var begun = ControlClient.Ask(run, ControlRequest.BeginTrace(request.Steps)) ?? throw new UserErrorException(
            $"No process is training {run.Path}; start it with `actortrain pretrain`, and trace it from another terminal.");
        context.Error.WriteLine(begun.Sentence);
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
            var answer = ControlClient.Ask(run, ControlRequest.TakeTrace, stop) ?? throw new UserErrorException(
                $"{run.Path} ended before all steps were recorded; trace fewer with --steps.");
            if (answer.Trace is { } trace)
                return trace;
        }
    }
}

using ActorTrain.Host.Commands;
using ActorTrain.Host.Plotting;
using ActorTrain.Models;
using ActorTrain.Persistence.Metrics;

namespace ActorTrain.Host.Actions;

/// <summary><c>actortrain plot</c>: loss, gradient norm and throughput of a run as a picture.</summary>
internal static class PlotHandler
{
    public static int Run(PlotRequest request, CommandContext context)
    {
        var run = NamedRun.Find(request.Run).Directory;
        if (!File.Exists(run.MetricsFile))
            throw new UserErrorException($"{run.Path} has no metrics.jsonl to draw; name a run that `actortrain pretrain` has trained.");

        var output = request.Output ?? Path.Combine(run.Path, "plot.svg");
        var rows = MetricsLog.Read(run.MetricsFile).ToArray();
        var steps = rows.OfType<StepMetrics>().ToArray();
        var evaluations = rows.OfType<EvaluationMetrics>().ToArray();
        double[] at = [.. steps.Select(static row => (double)row.Step)];
        RunPlot.Save(
            new RunMetrics(
                run.Name,
                new MetricsSeries(at, [.. steps.Select(static row => row.Loss)]),
                new MetricsSeries([.. evaluations.Select(static row => (double)row.Step)], [.. evaluations.Select(static row => row.HeldOutLoss)]),
                new MetricsSeries(at, [.. steps.Select(static row => row.GradientNorm)]),
                new MetricsSeries(at, [.. steps.Select(static row => row.TokensPerSecond)])),
            new PlotOptions(request.Smooth, request.LinearLoss),
            output);
        context.Output.WriteLine($"{output} shows {steps.Length} steps of {run.Path}.");
        return ExitCode.Success;
    }
}

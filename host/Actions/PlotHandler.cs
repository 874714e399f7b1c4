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
        var folder = Directory.Exists(request.Run) ? request.Run : Path.Combine("runs", request.Run);
        var file = Path.Combine(folder, "metrics.jsonl");
        if (!File.Exists(file))
            throw new UserErrorException($"{folder} has no metrics.jsonl to draw; name a run that `actortrain pretrain` made, `actortrain runs` lists them.");

        var rows = MetricsLog.Read(file).ToArray();
        var steps = rows.OfType<StepMetrics>().ToArray();
        var evaluations = rows.OfType<EvaluationMetrics>().ToArray();
        double[] at = [.. steps.Select(static row => (double)row.Step)];
        RunPlot.Save(
            new RunMetrics(
                Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))),
                new MetricsSeries(at, [.. steps.Select(static row => row.Loss)]),
                new MetricsSeries([.. evaluations.Select(static row => (double)row.Step)], [.. evaluations.Select(static row => row.HeldOutLoss)]),
                new MetricsSeries(at, [.. steps.Select(static row => row.GradientNorm)]),
                new MetricsSeries(at, [.. steps.Select(static row => row.TokensPerSecond)])),
            new PlotOptions(request.Smooth, request.LinearLoss),
            request.Output);
        context.Output.WriteLine($"{request.Output} shows {steps.Length} steps of {folder}.");
        return ExitCode.Success;
    }
}

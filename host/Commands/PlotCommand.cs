using System.CommandLine;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Plotting;
using ActorTrain.Host.Runs;
using ActorTrain.Models;
using ActorTrain.Persistence.Metrics;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Commands;

internal static class PlotCommand
{
    public static CliCommand Define()
    {
        var path = RunArgument.Create("Name (under runs/) or folder of a run.");
        var output = OptionChecks.Picture("--output", "Output file, .svg or .png [default: plot.svg in the run's folder].");
        var smooth = OptionChecks.Whole("--smooth", 0, new Whole(0), "Smoothing window in steps; 1: no smoothing, 0: "
            + "chosen by the length of the run.");
        var linear = new Option<bool>("--linear-loss") { Description = "Use a linear loss axis instead of a logarithmic one." };
        return new CliCommand<PlotRequest>("plot", "Plot loss, gradient norm and throughput of a run.", """
            Steps abandoned by a rollback are drawn in a pale color. Of a policy, the reward and its parts, the KL divergence from the base
            model, the length of completions, the share of those that have ended, and the entropy are drawn as well.

            Examples:
              actortrain plot book
              actortrain plot runs/book --output loss.png --smooth 50
            """,
            line => new PlotRequest(line.GetRequiredValue(path), line.GetValue(output), line.GetValue(smooth), line.GetValue(linear)),
            Run) { path, output, smooth, linear };
    }

    public static int Run(PlotRequest request, CommandContext context)
    {
        var run = NamedRun.Find(request.Run).Directory;
        if (!File.Exists(run.MetricsFile))
            throw new UserErrorException($"{run.Path} has no metrics.jsonl to plot; name a run that was trained.");

        var output = request.Output ?? Path.Combine(run.Path, "plot.svg");
        var history = MetricsLog.ReadHistory(run.MetricsFile);
        var steps = history.Line.Select(static row => row.Row).OfType<StepMetrics>().ToArray();
        var evaluations = history.Line.Select(static row => row.Row).OfType<EvaluationMetrics>().ToArray();
        double[] at = [.. steps.Select(static row => (double)row.Step)];
        RunPlot.Save(
            new RunMetrics(
                run.Name,
                new MetricsSeries(at, [.. steps.Select(static row => row.Loss)]),
                new MetricsSeries([.. evaluations.Select(static row => (double)row.Step)],
                    [.. evaluations.Select(static row => row.ValidationLoss)]),
                new MetricsSeries(at, [.. steps.Select(static row => row.GradientNorm)]),
                new MetricsSeries(at, [.. steps.Select(static row => row.TokensPerSecond)]))
            {
                AbandonedLoss = AbandonedSeries.Of(history.Abandoned, static row => row.Loss),
                Rollouts = RolloutMetrics.Of(steps, PartsOf(run)),
                AbandonedNorm = AbandonedSeries.Of(history.Abandoned, static row => row.GradientNorm),
            },
            new PlotOptions(request.Smooth, request.LinearLoss),
            output);
        context.Output.WriteLine($"Plotted {steps.Length} steps of {run.Path} to {output}.");
        return ExitCode.Success;
    }

    // An imported model has no run file, and no rollouts.
    private static IReadOnlyList<string> PartsOf(RunDirectory run) =>
        File.Exists(run.ConfigurationFile) ? RunFile.Read(run.ConfigurationFile, []).Scoring.Parts() : [];
}

public sealed record PlotRequest(string Run, string? Output, int Smooth, bool LinearLoss);

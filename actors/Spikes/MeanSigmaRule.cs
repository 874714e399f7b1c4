using System.Collections.Immutable;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Options;

namespace ActorTrain.Actors.Spikes;

/// <summary>By default 6σ over 128 steps, active after 64.</summary>
public sealed record MeanSigmaOptions : WindowRuleOptions
{
    [Option("mean_sigma (OLMo-core): veto when a signal is this many σ above its mean",
        Key = "", Above = 0)]
    public double Sigma { get; init; } = 6;

    [Option("signals that mean_sigma watches: loss and gradient norm of the batch, largest loss of a lane, gradient norm of the embedding, "
        + "largest gradient norm of a block, norm of the update (costs one more pass over the weights per step); of rollouts the KL "
        + "divergence from the base model, the length, and the KL from the policy that sampled")]
    public WatchedSignals Signals { get; init; } = WatchedSignals.LossAndNorm;
}

/// <summary>Mean + k·σ over a window of the last steps, for loss and gradient norm, or other signals.</summary>
/// <remarks>Source: allenai/OLMo-core, <c>optim/skip_step_optimizer.py</c>, <c>SkipStepOptimizer</c>: <c>sigma_factor</c> 6,
/// <c>rolling_interval_length</c> 128, active from half of it on, σ with n − 1. There skipped steps stay in the window; here only with
/// <see cref="WindowRuleOptions.FeedsLeftOut"/>.</remarks>
public sealed class MeanSigmaRule(MeanSigmaOptions options) : WindowRule(options, options.Signals)
{
    public const string Id = "mean_sigma";

    public override string Name => Id;

    protected override Finding? Find(StepSignals signals, IReadOnlyList<ImmutableArray<double>> windows) =>
        windows.Select((window, i) => Find(signals, options.Signals[i], window)).FirstOrDefault(static finding => finding is not null);

    private Finding? Find(StepSignals signals, SpikeSignal signal, ImmutableArray<double> window)
    {
        double sum = 0;
        foreach (var value in window)
            sum += value;
        var mean = sum / window.Length;
        double squares = 0;
        foreach (var value in window)
            squares += (value - mean) * (value - mean);
        var sigma = Math.Sqrt(squares / (window.Length - 1));
        return Above(signals, signal, mean + (options.Sigma * sigma), $"the mean {mean:0.####} of {window.Length} steps plus "
            + $"{options.Sigma} σ of {sigma:0.####}");
    }
}

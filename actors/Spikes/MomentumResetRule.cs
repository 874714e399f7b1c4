using System.Collections.Immutable;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Options;

namespace ActorTrain.Actors.Spikes;

public sealed record MomentumResetOptions : IOptions
{
    [Option("momentum_reset (SPAM): reset the moments after a veto and warm up the learning rate over this many updates")]
    public int Warmup { get; init; } = 150;
}

/// <summary>Resets the optimizer's moments, in which a spike persists, with the first update after a veto, and then warms the rate up
/// again.</summary>
/// <remarks>Source: Huang et al. 2025, "SPAM: Spike-Aware Adam with Momentum Reset for Stable LLM Training", section 3: a cosine warm-up of
/// 150 steps after each reset. SPAM's periodic resets are in the optimizer (<see cref="SpamOptions.ResetEvery"/>). Without findings.
/// Memory: whether an update was skipped since the last applied one, and updates since the last reset, or −1 if there was none.</remarks>
public sealed class MomentumResetRule(MomentumResetOptions options) : SpikeRule
{
    public const string Id = "momentum_reset";

    public override string Name => Id;

    public override Opinion Judge(StepSignals signals, ImmutableArray<double> memory)
    {
        ArgumentNullException.ThrowIfNull(signals);
        var (leftOut, since) = memory is [var mark, var steps] ? (mark == 1, steps) : (false, -1);
        since = leftOut ? 0 : since;
        var rate = since >= 0 && since < options.Warmup ? 0.5 * (1 - Math.Cos(Math.PI * (since + 1) / options.Warmup)) : 1;
        return new Opinion(null, [0, since < 0 || since >= options.Warmup ? -1 : since + 1], [1, since])
        {
            Wants = new UpdateAdjustment { ResetMomentum = leftOut, RateFactor = rate },
        };
    }
}

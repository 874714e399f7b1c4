using ActorTrain.Models.Options;

namespace ActorTrain.Models.Optimization;

/// <summary>Constants of <see cref="AdamW"/>, and what guards it against spikes.</summary>
public sealed record AdamWOptions : IOptions
{
    // SPAM begins to clip so many updates after a reset, when the second moment tells something again.
    private const long SpikesFrom = 20;

    [Option("AdamW's decay of the first moment", Below = 1)]
    public double Beta1 { get; init; } = 0.9;

    [Option("AdamW's decay of the second moment", Below = 1)]
    public double Beta2 { get; init; } = 0.95;

    [Option("AdamW's epsilon", Above = 0)]
    public double Epsilon { get; init; } = 1e-8;

    [Option("decoupled weight decay, on matrices only")]
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>StableAdamW (Wortsman et al. 2023, arXiv:2304.13013, algorithm 2): the learning rate of a tensor is divided by
    /// max(1, RMS(g / √max(v̂, ε²))), so that a gradient for which the second moment is out of date makes no large step.</summary>
    [Option("StableAdamW: a lower rate for tensors whose gradient outgrows its second moment")]
    public bool UpdateClipping { get; init; }

    [Option("SPAM: updates from one reset of AdamW's moments to the next (SPAM: 500); 0: never")]
    public int MomentumResetEvery { get; init; }

    /// <summary>Updates behind such a reset during which the learning rate climbs back, by a cosine from a hundredth; the paper takes 150.</summary>
    public int MomentumResetWarmup { get; init; } = 150;

    /// <summary>SPAM's spike-aware clipping: an element of the gradient whose square is above θ times its second moment is brought down to that; the paper takes
    /// 5000; 0: none. Elements without a history, and the first 20 updates behind a reset or the start, are left alone.</summary>
    [Option("SPAM: largest square of a gradient's element, in multiples of its second moment (SPAM: 5000); 0: none",
        Key = "spike_aware_clipping")]
    public double SpikeThreshold { get; init; }

    public IEnumerable<OptionProblem> Validate()
    {
        if (MomentumResetEvery > 0 && MomentumResetEvery <= MomentumResetWarmup)
        {
            yield return new(
                $"{nameof(MomentumResetEvery):key} {MomentumResetEvery} is not more than the {MomentumResetWarmup} updates "
                + $"in which the learning rate climbs back behind a reset; make it more, or 0.");
        }
    }

    /// <summary>Whether both moments are forgotten before an update.</summary>
    /// <param name="step">Number of the update, from 1.</param>
    public bool ResetsBefore(long step) => MomentumResetEvery > 0 && step > 1 && (step - 1) % MomentumResetEvery == 0;

    /// <summary>What the learning rate is multiplied by while it climbs back behind a reset, else 1.</summary>
    /// <param name="step">Number of the update, from 1.</param>
    public double RateFactor(long step)
    {
        if (MomentumResetEvery == 0 || step <= MomentumResetEvery)
            return 1;
        var since = (step - 1) % MomentumResetEvery;
        return since < MomentumResetWarmup ? 1 - 0.99 * 0.5 * (1 + Math.Cos(Math.PI * since / MomentumResetWarmup)) : 1;
    }

    /// <summary>θ of an update; 0 where nothing is clipped by it.</summary>
    /// <param name="step">Number of the update, from 1.</param>
    public double SpikeThresholdAt(long step)
    {
        var since = MomentumResetEvery > 0 ? (step - 1) % MomentumResetEvery : step - 1;
        return since >= SpikesFrom ? SpikeThreshold : 0;
    }
}

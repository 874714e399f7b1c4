using ActorTrain.Models.Options;

namespace ActorTrain.Models.Optimization;

public sealed record SpamOptions : IOptions
{
    // Spike-aware clipping begins this many updates after a reset, when the second moment is an estimate again.
    private const long SpikesFrom = 20;

    [Option("SPAM: updates between resets of AdamW's moments (paper: 500); 0: never", Key = "momentum_reset_every")]
    public int ResetEvery { get; init; }

    /// <summary>Updates of the cosine warm-up after a reset, from a hundredth of the learning rate; the paper takes 150.</summary>
    public int ResetWarmup { get; init; } = 150;

    /// <summary>Spike-aware clipping: a gradient element whose square is above θ times its second moment is reduced to that; the paper
    /// takes 5000; 0: none. Elements without a history, and the first 20 updates after a reset or the start, are exempt.</summary>
    [Option("SPAM: limit on the square of a gradient element, in multiples of its second moment (paper: 5000); 0: no limit",
        Key = "spike_aware_clipping")]
    public double SpikeThreshold { get; init; }

    public IEnumerable<OptionProblem> Validate()
    {
        if (ResetEvery > 0 && ResetEvery <= ResetWarmup)
        {
            yield return new(
                $"{nameof(ResetEvery):key} {ResetEvery} does not exceed the {ResetWarmup} updates "
                + $"of warm-up after a reset; raise it, or set it to 0.");
        }
    }

    public bool IsOn => ResetEvery > 0 || SpikeThreshold > 0;

    /// <param name="number">From 1.</param>
    public bool ResetsBefore(long number) => ResetEvery > 0 && number > 1 && (number - 1) % ResetEvery == 0;

    /// <summary>The warm-up factor of the learning rate after a reset, else 1.</summary>
    /// <param name="number">From 1.</param>
    public double RateFactor(long number)
    {
        if (ResetEvery == 0 || number <= ResetEvery)
            return 1;
        var since = (number - 1) % ResetEvery;
        return since < ResetWarmup ? 1 - 0.99 * 0.5 * (1 + Math.Cos(Math.PI * since / ResetWarmup)) : 1;
    }

    /// <summary>θ of an update; 0 for no clipping.</summary>
    /// <param name="number">From 1.</param>
    public double SpikeThresholdAt(long number)
    {
        var since = ResetEvery > 0 ? (number - 1) % ResetEvery : number - 1;
        return since >= SpikesFrom ? SpikeThreshold : 0;
    }
}

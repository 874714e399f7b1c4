using ActorTrain.Models.Options;
using ActorTrain.Models.Storage;

namespace ActorTrain.Models.Optimization;

/// <summary>The optimizer of a run: its rule, and protections against spikes.</summary>
public sealed record OptimizerOptions : IOptions
{
    [OptionGroup(Key = "")]
    public AdamWOptions AdamW { get; init; } = new();

    /// <summary>See <see cref="StableAdamW"/>.</summary>
    [Option("StableAdamW: lower the learning rate of tensors whose gradient outgrows its second moment")]
    public bool UpdateClipping { get; init; }

    /// <summary>Momentum reset and spike-aware clipping, both off by default.</summary>
    [OptionGroup(Key = "")]
    public SpamOptions Spam { get; init; } = new();

    /// <param name="parameters">Not owned.</param>
    /// <param name="moments">Not owned.</param>
    /// <param name="fused">Whether to use the fused CPU kernel; null for where it is available and the parameters are on a CPU.</param>
    public IOptimizer Build(FlatParameters parameters, Moments moments, bool? fused = null)
    {
        var rule = new AdamW(parameters, moments, AdamW, fused);
        IOptimizer optimizer = UpdateClipping ? new StableAdamW(rule) : rule;
        return Spam.IsOn ? new Spam(optimizer, Spam) : optimizer;
    }
}

namespace ActorTrain.Models.Optimization;

/// <summary>StableAdamW (Wortsman et al. 2023, arXiv:2304.13013, algorithm 2) around <see cref="AdamW"/>: the learning rate of a tensor is
/// divided by max(1, RMS(g / √max(v̂, ε²))), so that a gradient for which the second moment is out of date makes no large step.</summary>
public sealed class StableAdamW(AdamW inner) : IOptimizer
{
    public double Apply(Update update) => inner.Apply(Clipped(update));

    public double Preview(Update update) => inner.Preview(Clipped(update));

    private Update Clipped(Update update) =>
        update with { RateDivisors = [.. inner.Ratios(update).Select((ratio, tensor) =>
            Math.Max(1, ratio) * (update.RateDivisors?[tensor] ?? 1))] };
}

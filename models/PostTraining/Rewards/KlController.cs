namespace ActorTrain.Models.PostTraining.Rewards;

/// <summary>Adapts the coefficient β of the KL term to a target (Ziegler et al. 2019, section 2.2). Its β is state of the run.</summary>
/// <param name="Target">Mean KL of a sequence, in nats.</param>
/// <param name="Horizon">In episodes, that is, sequences.</param>
public readonly record struct KlController(double Beta, double Target, double Horizon)
{
    /// <summary>β ← β · (1 + clip(KL/target − 1, ±0.2) · n/horizon).</summary>
    /// <param name="divergence">Sum of the KL of all sequences of the step.</param>
    /// <param name="sequences">n: sequences of the whole step.</param>
    public KlController After(double divergence, long sequences)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sequences);
        var error = Math.Clamp(divergence / sequences / Target - 1, -0.2, 0.2);
        return this with { Beta = Beta * (1 + error * sequences / Horizon) };
    }
}

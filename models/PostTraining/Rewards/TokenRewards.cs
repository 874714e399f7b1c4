namespace ActorTrain.Models.PostTraining.Rewards;

/// <summary>Rewards of tokens from the score of a sequence and the distance from the reference model (Ziegler et al. 2019, equation 2):
/// r_t = −β(ℓ°_t − ℓʳ_t) + 1[t = last] · clip(R, ±c).</summary>
public static class TokenRewards
{
    /// <summary>Of one sequence.</summary>
    /// <param name="old">ℓ°_t of the policy that sampled, [time].</param>
    /// <param name="reference">ℓʳ_t, [time].</param>
    /// <param name="mask">[time]: tokens that the policy wrote. The score stands on the last of them, the end token if there is
    /// one.</param>
    /// <param name="score">R.</param>
    /// <param name="clip">c; infinite for none.</param>
    /// <param name="beta">β of the step: see <see cref="KlController"/>.</param>
    /// <param name="rewards">Receives r_t, [time]; 0 where the mask is not set.</param>
    /// <returns>Σ(ℓ°_t − ℓʳ_t), the estimate k1 of the sequence's KL.</returns>
    public static double Of(
        ReadOnlySpan<double> old, ReadOnlySpan<double> reference, ReadOnlySpan<bool> mask, double score, double clip, double beta,
        Span<double> rewards)
    {
        var divergence = 0.0;
        rewards.Clear();
        for (var t = 0; t < mask.Length; t++)
        {
            if (!mask[t])
                continue;
            rewards[t] = -beta * (old[t] - reference[t]);
            divergence += old[t] - reference[t];
        }

        if (mask.LastIndexOf(true) is var last and >= 0)
            rewards[last] += Math.Clamp(score, -clip, clip);
        return divergence;
    }
}

using System.Text.Json.Serialization;

namespace ActorTrain.Models.PostTraining.Policies;

/// <summary>What is done about tokens that an older policy sampled. A correction weighs the loss of the policy at the beginning of the step
/// by w = π°/πᵇ of that policy to the sampling one (decoupled PPO; Hilton et al. 2022).</summary>
public enum AgeCorrection
{
    /// <summary>The ratio of the loss is that to the sampling policy, and the clip bounds it (PPO).</summary>
    None,

    /// <summary>min(w_t, high): truncated importance sampling (TIS; Yao et al. 2025).</summary>
    [JsonStringEnumMemberName("token_truncate")]
    TokenTruncate,

    /// <summary>w_t in [low, high], else 0 (IcePop; Ling team 2025).</summary>
    [JsonStringEnumMemberName("token_mask")]
    TokenMask,

    /// <summary>min(w, high) of the probability of the whole sequence.</summary>
    [JsonStringEnumMemberName("sequence_truncate")]
    SequenceTruncate,

    /// <summary>w of the whole sequence in [low, high], else 0.</summary>
    [JsonStringEnumMemberName("sequence_mask")]
    SequenceMask,
}

public static class AgeCorrections
{
    /// <summary>The weights of the tokens of one sequence; constants to the gradient.</summary>
    /// <param name="proximal">ℓ°_t, [time].</param>
    /// <param name="behaviour">ℓᵇ_t of the policy that sampled, [time].</param>
    /// <param name="mask">[time]</param>
    /// <param name="weights">Receives w_t, [time]; what it is where the mask is not set is of no account.</param>
    public static void Weights(
        this AgeCorrection correction, ReadOnlySpan<double> proximal, ReadOnlySpan<double> behaviour, ReadOnlySpan<bool> mask,
        double low, double high, Span<double> weights)
    {
        var sum = ProbabilityRatio.SumOfLogs(proximal, behaviour, mask);
        for (var t = 0; t < mask.Length; t++)
        {
            var token = proximal[t] - behaviour[t];
            weights[t] = correction switch
            {
                AgeCorrection.None => 1,
                AgeCorrection.TokenTruncate => Truncated(token),
                AgeCorrection.TokenMask => Masked(token),
                AgeCorrection.SequenceTruncate => Truncated(sum),
                AgeCorrection.SequenceMask => Masked(sum),
                _ => throw new InvalidOperationException($"There is no correction {correction}."),
            };
        }

        double Truncated(double logRatio) => Math.Min(ProbabilityRatio.Of(logRatio).Value, high);

        double Masked(double logRatio) =>
            ProbabilityRatio.Of(logRatio).Value is var ratio && ratio >= low && ratio <= high ? ratio : 0;
    }
}

using System.Text.Json.Serialization;

namespace ActorTrain.Models.PostTraining.Policies;

/// <summary>The log-probabilities behind a ratio.</summary>
public enum RatioLevel
{
    /// <summary>Of each token: ℓ_t − ℓ°_t.</summary>
    Token,

    /// <summary>The mean over the sequence (GSPO; Zheng et al. 2025, equation 7), the same for all of its tokens.</summary>
    [JsonStringEnumMemberName("sequence_mean")]
    SequenceMean,

    /// <summary>The sum over the sequence: that of its probability, as in RLOO.</summary>
    [JsonStringEnumMemberName("sequence_sum")]
    SequenceSum,
}

/// <summary>ρ = π/π°.</summary>
public static class ProbabilityRatio
{
    /// <summary>Bound on a log-ratio before its exponential is taken, in nats.</summary>
    public const double Limit = 20;

    /// <summary>ρ of a log-ratio, and ∂ρ/∂ log ρ: ρ again, or 0 beyond <see cref="Limit"/>.</summary>
    public static Term Of(double logRatio)
    {
        var ratio = Elementary.Exp(Math.Clamp(logRatio, -Limit, Limit));
        return new(ratio, Math.Abs(logRatio) <= Limit ? ratio : 0);
    }

    /// <summary>Sum of ℓ_t − ℓ°_t over the tokens whose mask is set.</summary>
    public static double SumOfLogs(ReadOnlySpan<double> logProbabilities, ReadOnlySpan<double> old, ReadOnlySpan<bool> mask)
    {
        var sum = 0.0;
        for (var t = 0; t < mask.Length; t++)
            sum += mask[t] ? logProbabilities[t] - old[t] : 0;
        return sum;
    }
}

using System.Text.Json.Serialization;

namespace ActorTrain.Models.PostTraining.Policies;

/// <summary>Live tokens and sequences of the whole step, over all lanes, before any is dropped for its age.</summary>
public readonly record struct StepCounts(long Tokens, long Sequences);

/// <summary>How the loss of a step follows from that of its tokens; i runs over sequences, |y_i| is the number of live tokens.</summary>
public enum LossAggregation
{
    /// <summary>Σ_i Σ_t / Σ_i |y_i| (DAPO; Yu et al. 2025, section 3.3).</summary>
    [JsonStringEnumMemberName("token_mean")]
    TokenMean,

    /// <summary>Mean over i of Σ_t / |y_i| (GRPO; Shao et al. 2024, equation 3): tokens of long sequences count less.</summary>
    [JsonStringEnumMemberName("sequence_mean_of_token_mean")]
    SequenceMeanOfTokenMean,

    /// <summary>Mean over i of Σ_t: the gradient of the log-probability of whole sequences.</summary>
    [JsonStringEnumMemberName("sequence_mean_of_token_sum")]
    SequenceMeanOfTokenSum,

    /// <summary>Mean over i of Σ_t / L, L a constant (Dr. GRPO; Liu et al. 2025, section 3.2).</summary>
    [JsonStringEnumMemberName("sequence_mean_of_token_sum_over_length")]
    SequenceMeanOfTokenSumOverLength,
}

public static class LossAggregations
{
    /// <summary>The weight of a token's loss in that of the step.</summary>
    /// <param name="tokens">|y_i|: live tokens of its sequence.</param>
    /// <param name="length">L.</param>
    /// <exception cref="ArgumentOutOfRangeException">A count is not positive: a step without tokens has no loss.</exception>
    public static double TokenWeight(this LossAggregation aggregation, StepCounts step, int tokens, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(step.Tokens, nameof(step));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(step.Sequences, nameof(step));
        return aggregation switch
        {
            LossAggregation.TokenMean => 1.0 / step.Tokens,
            LossAggregation.SequenceMeanOfTokenMean => 1.0 / step.Sequences / tokens,
            LossAggregation.SequenceMeanOfTokenSum => 1.0 / step.Sequences,
            LossAggregation.SequenceMeanOfTokenSumOverLength => 1.0 / step.Sequences / length,
            _ => throw new InvalidOperationException($"There is no aggregation {aggregation}."),
        };
    }
}

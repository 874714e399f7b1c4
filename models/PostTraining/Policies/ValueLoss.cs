namespace ActorTrain.Models.PostTraining.Policies;

/// <summary>The critic's loss: ½ max((V − R)², (clip(V, V° ± c) − R)²) (PPO2 of OpenAI Baselines; Huang et al. 2022,
/// "The 37 implementation details of PPO", detail 9), a mean over the tokens of the step.</summary>
public static class ValueLoss
{
    /// <summary>½ max(…) of one token.</summary>
    public static Term Of(double value, double old, double target, double clip)
    {
        var clipped = Math.Clamp(value, old - clip, old + clip);
        var (free, bounded) = (value - target, clipped - target);
        return bounded * bounded > free * free
            ? new(bounded * bounded / 2, clipped == value ? bounded : 0)
            : new(free * free / 2, free);
    }

    /// <summary>Of one sequence.</summary>
    /// <param name="values">V_t, [time].</param>
    /// <param name="old">V°_t when the sequence was sampled, [time].</param>
    /// <param name="returns">R_t, [time].</param>
    /// <param name="mask">[time]</param>
    /// <param name="clip">c; infinite for none.</param>
    /// <param name="coefficient">Of the loss; 0.1 where policy and critic share weights.</param>
    /// <param name="tokens">Live tokens of the whole step.</param>
    /// <param name="gradient">Receives ∂L/∂V_t, [time]; 0 where the mask is not set.</param>
    /// <returns>What the sequence adds to the loss of the step.</returns>
    public static double Of(
        ReadOnlySpan<double> values, ReadOnlySpan<double> old, ReadOnlySpan<double> returns, ReadOnlySpan<bool> mask,
        double clip, double coefficient, long tokens, Span<double> gradient)
    {
        var loss = 0.0;
        gradient.Clear();
        for (var t = 0; t < mask.Length; t++)
        {
            if (!mask[t])
                continue;
            var token = coefficient * Of(values[t], old[t], returns[t], clip) / tokens;
            loss += token.Value;
            gradient[t] = token.Slope;
        }

        return loss;
    }
}

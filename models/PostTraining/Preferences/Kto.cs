using static ActorTrain.Models.PostTraining.Elementary;

namespace ActorTrain.Models.PostTraining.Preferences;

/// <summary>Kahneman-Tversky optimization (Ethayarajh et al. 2024, section 4) of single completions, each desirable or not:
/// λ_D (1 − σ(β(r − z))) or λ_U (1 − σ(β(z − r))), r = log π/πʳ. No gradient flows through z.</summary>
public static class Kto
{
    /// <param name="z">Of the whole step: see <see cref="ReferencePoint"/>.</param>
    /// <param name="weight">λ_D or λ_U.</param>
    /// <param name="completions">Completions of the whole step.</param>
    /// <returns>The slope is ∂L/∂ℓ_t, the same for each token of the completion.</returns>
    public static Term Of(in Completion completion, bool isDesirable, double z, double beta, double weight, long completions)
    {
        var direction = isDesirable ? beta : -beta;
        var above = Sigmoid(direction * (completion.LogRatio - z));
        return weight * new Term(1 - above, -direction * above * (1 - above)) / completions;
    }

    /// <summary>z = max(0, mean of log π/πʳ over mismatched pairs), an estimate of KL(π‖πʳ): each prompt of the step with the completion of
    /// another one.</summary>
    /// <param name="logRatios">Of all pairs of the step, in plan order.</param>
    /// <param name="pairs">Mismatched pairs of the whole step.</param>
    /// <exception cref="InvariantException">These are not all pairs of the step: the z of a part of them is another.</exception>
    public static double ReferencePoint(ReadOnlySpan<double> logRatios, long pairs)
    {
        if (logRatios.Length != pairs || pairs == 0)
            throw new InvariantException($"KTO's reference point needs all {pairs} mismatched pairs of the step, not {logRatios.Length}.");
        var sum = 0.0;
        foreach (var ratio in logRatios)
            sum += ratio;
        return Math.Max(0, sum / pairs);
    }
}

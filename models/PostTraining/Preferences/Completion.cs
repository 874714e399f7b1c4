namespace ActorTrain.Models.PostTraining.Preferences;

/// <summary>The log-probability of a completion in nats, summed over its tokens, under the policy and under the frozen reference
/// model.</summary>
/// <param name="ReferenceSum">0 for a loss without a reference.</param>
/// <param name="Tokens">At least 1.</param>
public readonly record struct Completion(double Sum, double ReferenceSum, int Tokens)
{
    public double Mean => Sum / Tokens;

    /// <summary>log π(y|x) − log πʳ(y|x); times β, the implicit reward of DPO.</summary>
    public double LogRatio => Sum - ReferenceSum;

    /// <summary>Sums the tokens whose mask is set, in order.</summary>
    /// <param name="logProbabilities">ℓ_t, [time].</param>
    /// <param name="reference">ℓʳ_t, [time]; empty for none.</param>
    /// <param name="mask">[time]: set at each token of the completion, the end token of the turn included.</param>
    /// <exception cref="ArgumentException">Lengths differ, or no token is set.</exception>
    public static Completion Of(ReadOnlySpan<double> logProbabilities, ReadOnlySpan<double> reference, ReadOnlySpan<bool> mask)
    {
        if (logProbabilities.Length != mask.Length || (!reference.IsEmpty && reference.Length != mask.Length))
            throw new ArgumentException("Log-probabilities and the mask have different lengths.", nameof(mask));
        var (sum, referenceSum, tokens) = (0.0, 0.0, 0);
        for (var t = 0; t < mask.Length; t++)
        {
            if (!mask[t])
                continue;
            sum += logProbabilities[t];
            referenceSum += reference.IsEmpty ? 0 : reference[t];
            tokens++;
        }

        return tokens > 0
            ? new(sum, referenceSum, tokens)
            : throw new ArgumentException("The mask leaves no token of the completion.", nameof(mask));
    }
}

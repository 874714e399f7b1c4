namespace ActorTrain.Models.PostTraining.Policies;

/// <summary>The tokens of one sequence, each [time]; log-probabilities are in nats, at the temperature of sampling.</summary>
public readonly ref struct PolicySequence
{
    /// <summary>ℓ_t of the policy that is trained.</summary>
    public required ReadOnlySpan<double> LogProbabilities { get; init; }

    /// <summary>ℓ°_t of the policy at the beginning of the step; the ratio is to this one.</summary>
    public required ReadOnlySpan<double> Proximal { get; init; }

    /// <summary>ℓᵇ_t of the policy that sampled; empty if that is the proximal one.</summary>
    public ReadOnlySpan<double> Behaviour { get; init; }

    /// <summary>ℓʳ_t; empty without a KL term.</summary>
    public ReadOnlySpan<double> Reference { get; init; }

    /// <summary>H_t of the policy's distribution; empty without an entropy bonus.</summary>
    public ReadOnlySpan<double> Entropies { get; init; }

    public required ReadOnlySpan<double> Advantages { get; init; }

    /// <summary>Set at live tokens: those that the policy wrote and is trained on.</summary>
    public required ReadOnlySpan<bool> Mask { get; init; }
}

/// <summary>What a sequence adds to the loss of the step.</summary>
/// <param name="EntropySlope">∂L/∂H_t, the same for each live token.</param>
public readonly record struct SequenceLoss(double Value, double EntropySlope, PolicyFigures Figures);

/// <summary>The loss of a policy: Σ_t weight_t · (w_t · objective(ρ_t, A_t) + β · KL_t − c · H_t), where the weight is that of the
/// aggregation and w_t that of the age correction.</summary>
public static class PolicyLoss
{
    /// <param name="step">Counts of the whole step, of which the sequence is a part.</param>
    /// <param name="gradient">Receives ∂L/∂ℓ_t, [time]; 0 where the mask is not set.</param>
    /// <exception cref="ArgumentException">Lengths differ, or the KL term has no reference.</exception>
    public static SequenceLoss Of(in PolicySequence sequence, PolicyOptions options, StepCounts step, Span<double> gradient)
    {
        Check(sequence, options, gradient.Length);
        gradient.Clear();
        var tokens = sequence.Mask.Count(true);
        if (tokens == 0)
            return default;
        var weight = options.Aggregation.TokenWeight(step, tokens, options.AggregationLength);
        var behaviour = sequence.Behaviour.IsEmpty ? sequence.Proximal : sequence.Behaviour;
        var ages = new double[sequence.Mask.Length];
        options.AgeCorrection.Weights(sequence.Proximal, behaviour, sequence.Mask, options.AgeLow, options.AgeHigh, ages);
        var sum = ProbabilityRatio.SumOfLogs(sequence.LogProbabilities, sequence.Proximal, sequence.Mask);

        var (value, figures) = (0.0, default(PolicyFigures));
        for (var t = 0; t < sequence.Mask.Length; t++)
        {
            if (!sequence.Mask[t])
                continue;
            var (logProbability, advantage) = (sequence.LogProbabilities[t], sequence.Advantages[t]);
            var tokenRatio = logProbability - sequence.Proximal[t];
            var logRatio = options.Ratio switch
            {
                RatioLevel.SequenceMean => sum / tokens,
                RatioLevel.SequenceSum => sum,
                _ => tokenRatio,
            };
            var loss = ages[t] * Objective(options, logRatio, logProbability, advantage, tokens);
            if (options.KlCoefficient > 0)
            {
                loss += options.KlCoefficient
                    * KlDivergence.Of(options.KlEstimator, logProbability - sequence.Reference[t], logProbability - behaviour[t]);
            }

            var entropy = sequence.Entropies.IsEmpty ? 0 : options.EntropyCoefficient * sequence.Entropies[t];
            value += weight * (loss.Value - entropy);
            gradient[t] = weight * loss.Slope;
            figures += OfToken(logProbability - behaviour[t], IsClipped(options, logRatio, advantage), ages[t] == 0, step.Tokens);
        }

        return new(value, -weight * options.EntropyCoefficient, figures);
    }

    // A clipped loss of a sequence's ratio is spread over its tokens, through sg[ρ] · π_t/sg[π_t] for the mean (GSPO-token; Zheng et al.
    // 2025, section 4.3): for equal advantages that is the derivative of the sequence's loss. The derivative of a sum is larger by the
    // length.
    private static Term Objective(PolicyOptions options, double logRatio, double logProbability, double advantage, int tokens)
    {
        switch (options.Objective)
        {
            case PolicyObjective.Reinforce:
                return PolicyGradient.Reinforce(logProbability, advantage);
            case PolicyObjective.Cispo:
                return PolicyGradient.Cispo(logRatio, logProbability, advantage, options.ClipHigh);
            default:
                var loss = PpoClip.Of(logRatio, advantage, options.Clip);
                return options.Ratio == RatioLevel.SequenceSum ? loss with { Slope = loss.Slope * tokens } : loss;
        }
    }

    private static bool IsClipped(PolicyOptions options, double logRatio, double advantage) => options.Objective switch
    {
        PolicyObjective.Reinforce => false,
        PolicyObjective.Cispo => ProbabilityRatio.Of(logRatio).Value > 1 + options.ClipHigh,
        _ => PpoClip.Acts(logRatio, advantage, options.Clip),
    };

    // tokens: of the whole step.
    private static PolicyFigures OfToken(double logRatio, bool isClipped, bool isDropped, long tokens) => new(
        ProbabilityRatio.Of(logRatio).Value / tokens, isClipped ? 1.0 / tokens : 0, KlDivergence.K2(logRatio).Value / tokens,
        isDropped ? 1.0 / tokens : 0, Math.Abs(logRatio));

    private static void Check(in PolicySequence sequence, PolicyOptions options, int gradient)
    {
        var time = sequence.Mask.Length;
        if (sequence.LogProbabilities.Length != time || sequence.Proximal.Length != time || sequence.Advantages.Length != time
            || gradient != time
            || !Fits(sequence.Behaviour) || !Fits(sequence.Reference) || !Fits(sequence.Entropies))
            throw new ArgumentException($"What describes the tokens of a sequence is not of the mask's length {time}.", nameof(sequence));
        if (options.KlCoefficient > 0 && sequence.Reference.IsEmpty)
            throw new ArgumentException("The KL term needs the log-probabilities of the reference.", nameof(sequence));

        bool Fits(ReadOnlySpan<double> optional) => optional.IsEmpty || optional.Length == time;
    }
}

using System.Text.Json.Serialization;
using ActorTrain.Models.Options;

namespace ActorTrain.Models.PostTraining.Policies;

public enum PolicyObjective
{
    /// <summary><see cref="Policies.PpoClip"/>; with the ratio of <see cref="RatioLevel.SequenceMean"/>, GSPO.</summary>
    [JsonStringEnumMemberName("ppo_clip")]
    PpoClip,

    /// <summary><see cref="PolicyGradient.Cispo"/>.</summary>
    Cispo,

    /// <summary><see cref="PolicyGradient.Reinforce"/>.</summary>
    Reinforce,
}

public sealed record PolicyOptions : IOptions
{
    [Option("objective of the policy")]
    public PolicyObjective Objective { get; init; } = PolicyObjective.PpoClip;

    [Option("ratio of probabilities: of each token, or of its sequence by the mean (GSPO) or the sum of logarithms")]
    public RatioLevel Ratio { get; init; } = RatioLevel.Token;

    [Option("how the loss of a step follows from that of its tokens")]
    public LossAggregation Aggregation { get; init; } = LossAggregation.TokenMean;

    [Option("constant length that sums over tokens are divided by (Dr. GRPO)", Unit = "tokens", Min = 1)]
    public int AggregationLength { get; init; } = 1024;

    [Option("clip of the ratio below 1 (PPO: 0.2; GSPO: 3e-4)", Max = 1)]
    public double ClipLow { get; init; } = 0.2;

    [Option("clip of the ratio above 1 (PPO: 0.2; DAPO: 0.28; GSPO: 4e-4)")]
    public double ClipHigh { get; init; } = 0.2;

    [Option("dual clip: largest ratio that counts for a negative advantage (3); 0: none")]
    public double DualClip { get; init; }

    [Option("coefficient of the KL divergence from the reference model in the loss; 0: none")]
    public double KlCoefficient { get; init; }

    [Option("estimator of that divergence")]
    public KlEstimator KlEstimator { get; init; } = KlEstimator.WeightedK2;

    [Option("coefficient of the entropy bonus")]
    public double EntropyCoefficient { get; init; }

    [Option("correction for samples of an older policy; none: the ratio is that to the policy that sampled")]
    public AgeCorrection AgeCorrection { get; init; } = AgeCorrection.None;

    [Option("lowest importance weight that is kept, for the masks of the correction")]
    public double AgeLow { get; init; }

    [Option("highest importance weight: the bound of the correction (truncation: 2; sequence mask: 3)", Above = 0)]
    public double AgeHigh { get; init; } = 2;

    public ClipRange Clip => new(ClipLow, ClipHigh, DualClip > 0 ? DualClip : double.PositiveInfinity);

    public IEnumerable<OptionProblem> Validate()
    {
        if (DualClip is > 0 and <= 1)
            yield return new($"{nameof(DualClip):key} {DualClip} must be above 1, or 0 for none.");
        if (KlCoefficient > 0 && KlEstimator == KlEstimator.K1)
        {
            yield return new(
                $"{nameof(KlEstimator):key} {KlEstimator} has no gradient in the mean; "
                + $"choose {KlEstimator.WeightedK2}, or put the divergence in the reward.");
        }

        if (AgeLow >= AgeHigh)
            yield return new($"{nameof(AgeLow):key} {AgeLow} is not below {nameof(AgeHigh):key} {AgeHigh}.");
    }
}

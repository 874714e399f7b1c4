namespace ActorTrain.Models.PostTraining.Policies;

/// <summary>Losses whose gradient is a weighted ∇ℓ_t; slopes are ∂L/∂ℓ_t.</summary>
public static class PolicyGradient
{
    /// <summary>L = −A ℓ_t (REINFORCE; Williams 1992).</summary>
    public static Term Reinforce(double logProbability, double advantage) => new(-advantage * logProbability, -advantage);

    /// <summary>L = −sg[min(ρ, 1 + ε_high)] A ℓ_t (CISPO; MiniMax 2025, equations 4 and 5): what is clipped is the weight, so no token
    /// loses its gradient.</summary>
    public static Term Cispo(double logRatio, double logProbability, double advantage, double high) =>
        Math.Min(ProbabilityRatio.Of(logRatio).Value, 1 + high) * Reinforce(logProbability, advantage);
}

using System.Text.Json.Serialization;

namespace ActorTrain.Models.PostTraining.Policies;

/// <summary>Estimators of KL(π‖πʳ) from samples of π (Schulman 2020, "Approximating KL divergence").</summary>
public enum KlEstimator
{
    /// <summary>x: unbiased as a value; as a loss its gradient is 0 in the mean.</summary>
    K1,

    /// <summary>x²/2: biased as a value; as a loss the gradient of the reverse KL, if the samples are of π.</summary>
    K2,

    /// <summary>e^−x + x − 1: unbiased as a value; as a loss it descends the forward KL(πʳ‖π).</summary>
    K3,

    /// <summary>sg[ρ] x²/2, ρ = π/π of the sampler: as a loss the gradient of the reverse KL wherever the samples come from.</summary>
    [JsonStringEnumMemberName("weighted_k2")]
    WeightedK2,
}

/// <summary>The estimators as functions of x = ℓ_t − ℓʳ_t, with their derivatives by ℓ_t.</summary>
public static class KlDivergence
{
    public static Term K1(double x) => new(x, 1);

    public static Term K2(double x) => new(x * x / 2, x);

    /// <summary>Beyond the limit of <see cref="ProbabilityRatio"/> the value is that at the limit, and the slope 0.</summary>
    public static Term K3(double x)
    {
        var limited = Math.Clamp(x, -ProbabilityRatio.Limit, ProbabilityRatio.Limit);
        return new(Elementary.Expm1(-limited) + limited, limited == x ? -Elementary.Expm1(-x) : 0);
    }

    /// <param name="logRatio">log π/π of the sampler.</param>
    public static Term WeightedK2(double x, double logRatio) => ProbabilityRatio.Of(logRatio).Value * K2(x);

    /// <param name="logRatio">log π/π of the sampler, for <see cref="KlEstimator.WeightedK2"/>.</param>
    public static Term Of(KlEstimator estimator, double x, double logRatio) => estimator switch
    {
        KlEstimator.K1 => K1(x),
        KlEstimator.K2 => K2(x),
        KlEstimator.K3 => K3(x),
        KlEstimator.WeightedK2 => WeightedK2(x, logRatio),
        _ => throw new InvalidOperationException($"There is no estimator {estimator}."),
    };
}

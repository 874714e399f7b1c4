namespace ActorTrain.Models.PostTraining.Policies;

/// <summary>How far a ratio may move from 1: to [1 − low, 1 + high]. PPO: 0.2, 0.2; DAPO: 0.2, 0.28; GSPO: 3e-4, 4e-4.</summary>
/// <param name="Dual">c of the dual clip, above 1; infinite for none.</param>
public readonly record struct ClipRange(double Low, double High, double Dual = double.PositiveInfinity)
{
    public double Clip(double ratio) => Math.Clamp(ratio, 1 - Low, 1 + High);
}

/// <summary>The clipped surrogate (Schulman et al. 2017, equation 7; the two ε as in Yu et al. 2025, section 3.1):
/// L = −min(ρA, clip(ρ)A). For A &lt; 0 the dual clip bounds it: L = −max(min(ρA, clip(ρ)A), cA) (Ye et al. 2020).</summary>
public static class PpoClip
{
    /// <param name="logRatio">log ρ; the slope is the derivative by it.</param>
    public static Term Of(double logRatio, double advantage, in ClipRange range)
    {
        var ratio = ProbabilityRatio.Of(logRatio);
        var surrogate = advantage * ratio;
        var clipped = range.Clip(ratio.Value) * advantage;
        if (clipped < surrogate.Value)
            surrogate = new(clipped, 0);
        if (advantage < 0 && surrogate.Value < range.Dual * advantage)
            surrogate = new(range.Dual * advantage, 0);
        return -1 * surrogate;
    }

    /// <summary>Whether the ratio is outside the range on the side where the clip acts.</summary>
    public static bool Acts(double logRatio, double advantage, in ClipRange range)
    {
        var ratio = ProbabilityRatio.Of(logRatio).Value;
        return range.Clip(ratio) * advantage < ratio * advantage;
    }
}

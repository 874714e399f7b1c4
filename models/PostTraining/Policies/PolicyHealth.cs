namespace ActorTrain.Models.PostTraining.Policies;

/// <summary>Signals of a policy update. Means are shares of the step's tokens, so those of its parts add up.</summary>
/// <param name="Ratio">Mean of ρ_t; around 1.</param>
/// <param name="ClipFraction">Tokens without a gradient, because the clip acts on them.</param>
/// <param name="ApproximateKl">Mean of ½(ℓ_t − ℓ°_t)².</param>
/// <param name="Dropped">Tokens whose age correction is 0.</param>
/// <param name="LargestLogRatio">max |ℓ_t − ℓ°_t|; exactly 0 in the first pass over fresh samples.</param>
public readonly record struct PolicyHealth(
    double Ratio, double ClipFraction, double ApproximateKl, double Dropped, double LargestLogRatio)
{
    public static PolicyHealth operator +(PolicyHealth left, PolicyHealth right) => new(
        left.Ratio + right.Ratio, left.ClipFraction + right.ClipFraction, left.ApproximateKl + right.ApproximateKl,
        left.Dropped + right.Dropped, Math.Max(left.LargestLogRatio, right.LargestLogRatio));

    /// <param name="tokens">Live tokens of the whole step.</param>
    internal static PolicyHealth OfToken(double logRatio, bool isClipped, bool isDropped, long tokens) => new(
        ProbabilityRatio.Of(logRatio).Value / tokens, isClipped ? 1.0 / tokens : 0, KlDivergence.K2(logRatio).Value / tokens,
        isDropped ? 1.0 / tokens : 0, Math.Abs(logRatio));
}

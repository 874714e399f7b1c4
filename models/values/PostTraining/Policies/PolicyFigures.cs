namespace ActorTrain.Models.PostTraining.Policies;

/// <summary>How far the policy that is trained has moved from the one that sampled, ρ_t = π_t/πᵇ_t. Means are shares of the step's tokens,
/// so those of its parts add up.</summary>
/// <param name="Ratio">Mean of ρ_t; 1 for the weights that sampled, but for the rounding of the mean.</param>
/// <param name="ClipFraction">Tokens without a gradient, because the clip acts on them.</param>
/// <param name="ApproximateKl">Mean of ½(ℓ_t − ℓᵇ_t)², in nats.</param>
/// <param name="Dropped">Tokens whose age correction is 0.</param>
/// <param name="LargestLogRatio">max |ℓ_t − ℓᵇ_t|; exactly 0 for the weights that sampled.</param>
public readonly record struct PolicyFigures(
    double Ratio, double ClipFraction, double ApproximateKl, double Dropped, double LargestLogRatio)
{
    public static PolicyFigures operator +(PolicyFigures left, PolicyFigures right) => new(
        left.Ratio + right.Ratio, left.ClipFraction + right.ClipFraction, left.ApproximateKl + right.ApproximateKl,
        left.Dropped + right.Dropped, Math.Max(left.LargestLogRatio, right.LargestLogRatio));
}

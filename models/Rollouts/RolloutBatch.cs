using ActorTrain.Models.Batches;
using ActorTrain.Models.PostTraining.Policies;

namespace ActorTrain.Models.Rollouts;

/// <summary>Rollouts to learn from: prompts and completions side by side, whose tokens are the targets. Values are of rows: those of a
/// token are at the row that predicts it.</summary>
public sealed class RolloutBatch(long[] inputs, long[] targets, long[] ends) : TokenBatch(inputs, targets, ends)
{
    /// <summary>ℓᵇ_t, <c>[rows]</c>.</summary>
    public required double[] Behaviour { get; init; }

    /// <summary>ℓʳ_t, <c>[rows]</c>; empty without a reference model.</summary>
    public required double[] Reference { get; init; }

    /// <summary>A_t, <c>[rows]</c>.</summary>
    public required double[] Advantages { get; init; }

    /// <summary>V°_t of the critic when the rollouts were sampled, <c>[rows]</c>; empty without a critic.</summary>
    public double[] Values { get; init; } = [];

    /// <summary>What the critic's values should have been, <c>[rows]</c>; empty without a critic.</summary>
    public double[] Returns { get; init; } = [];

    /// <summary>Rows that count; others have no gradient.</summary>
    public required bool[] Mask { get; init; }

    /// <summary>Of the whole step.</summary>
    public required StepCounts Step { get; init; }

    /// <summary>Whether the weights are those that sampled, so that each log-probability is the sampler's to the bit.</summary>
    public required bool IsOnPolicy { get; init; }
}

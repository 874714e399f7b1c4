namespace ActorTrain.Models.Rollouts;

/// <param name="Total">The reward; null if the rollout cannot be scored: then it counts in no baseline and has advantage 0.</param>
/// <param name="Parts">What it is the sum of, before their weights; null where one is unknown.</param>
public sealed record RolloutScore(double? Total, EquatableArray<double?> Parts)
{
    /// <summary>What a reward may be at most, with either sign: squares of it, and sums of many, are still sound in float32.</summary>
    public const double Largest = 1e9;

    /// <summary>A reward; null if it is none, or beyond <see cref="Largest"/>.</summary>
    public static double? Sound(double? reward) => reward is { } number && Math.Abs(number) <= Largest ? number : null;
}

/// <summary>A rollout and what the other models say of it.</summary>
/// <param name="Reference">Log-probabilities of its tokens under the reference model, in nats; empty without one.</param>
public sealed record ScoredRollout(Rollout Rollout, RolloutScore Score, EquatableArray<float> Reference)
{
    /// <summary>V_t of the critic that stood beside the policy which sampled, before each token; empty without a critic.</summary>
    public EquatableArray<float> Values { get; init; } = [];

    /// <summary>Σ(ℓᵇ_t − ℓʳ_t): the estimate k1 of the KL divergence from the reference, in nats; 0 without one.</summary>
    public double Divergence()
    {
        var sum = 0.0;
        for (var t = 0; t < Reference.Count; t++)
            sum += (double)Rollout.LogProbabilities[t] - Reference[t];
        return sum;
    }
}

/// <summary>The rollouts of a prompt, in order of their samples.</summary>
/// <param name="Position">Of the prompt in the stream of prompts.</param>
public sealed record RolloutGroup(long Position, EquatableArray<int> Prompt, EquatableArray<ScoredRollout> Samples);

/// <summary>All rollouts of a step.</summary>
/// <param name="Weights">Hash of the training state whose weights sampled them.</param>
/// <param name="Groups">In order of position.</param>
public sealed record StepRollouts(long Step, ulong Weights, EquatableArray<RolloutGroup> Groups)
{
    /// <summary>Of the KL divergence in the reward, where it is adapted: that of the state which sampled; else null.</summary>
    public double? KlCoefficient { get; init; }
}

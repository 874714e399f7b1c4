namespace ActorTrain.Models.Optimization;

/// <summary>What is done to one update beside what its options say, decided by whoever judged its gradient; the same on every
/// replica.</summary>
public sealed record UpdateAdjustment
{
    public static UpdateAdjustment None { get; } = new();

    /// <summary>Limit of the gradient's global norm, such as ZClip chooses it (Kumar et al. 2025), where it is lower than the configured
    /// one; null: none of its own.</summary>
    public double? ClipTo { get; init; }

    /// <summary>The step's learning rate by the run's schedule; null: by the replica's own.</summary>
    public double? LearningRate { get; init; }

    /// <summary>The learning rate is multiplied by it.</summary>
    public double RateFactor { get; init; } = 1;

    /// <summary>A factor for the gradient of each tensor of the layout, in its order, beside the clipping by the global norm: adaptive
    /// clipping tensor by tensor, as in AdaGC (Wang et al. 2025); null: 1 for all.</summary>
    public EquatableArray<double>? TensorFactors { get; init; }

    /// <summary>Whether the moments are forgotten before the update (SPAM's answer to a spike; Huang et al. 2025). The correction of their
    /// bias continues the number of the update, as there, so that nothing but the moments need be remembered: the updates behind a reset
    /// begin small and grow.</summary>
    public bool ResetMomentum { get; init; }
}

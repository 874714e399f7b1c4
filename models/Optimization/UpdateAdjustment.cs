namespace ActorTrain.Models.Optimization;

/// <summary>Changes of one update beyond the options, decided by the judge of its gradient; the same on every replica.</summary>
public sealed record UpdateAdjustment
{
    public static UpdateAdjustment None { get; } = new();

    /// <summary>Limit of the gradient's global norm if lower than the configured one, such as ZClip's (Kumar et al. 2025); null for
    /// none.</summary>
    public double? ClipTo { get; init; }

    /// <summary>The step's learning rate by the run's schedule; null for the replica's own schedule.</summary>
    public double? LearningRate { get; init; }

    public double RateFactor { get; init; } = 1;

    /// <summary>A factor for the gradient of each tensor, in layout order, besides clipping by the global norm: adaptive clipping per
    /// tensor, as in AdaGC (Wang et al. 2025); null: 1 for all.</summary>
    public EquatableArray<double>? TensorFactors { get; init; }

    /// <summary>Whether the moments are reset before the update (SPAM's response to a spike; Huang et al. 2025). As there, their bias
    /// correction is not restarted, so that only the moments are state: updates after a reset begin small and grow.</summary>
    public bool ResetMomentum { get; init; }
}

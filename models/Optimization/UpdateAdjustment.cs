namespace ActorTrain.Models.Optimization;

/// <summary>How one update differs from what options and schedule say, decided by whoever judged its gradient: milder answers than to leave it out.
/// All replicas must be given the same.</summary>
public sealed record UpdateAdjustment
{
    /// <summary>As options and schedule say.</summary>
    public static UpdateAdjustment None { get; } = new();

    /// <summary>Limit of the gradient's global norm for this update, such as ZClip chooses it (Kumar et al. 2025); where the options limit it too, the
    /// lower one holds. Null: that of the options.</summary>
    public double? ClipTo { get; init; }

    /// <summary>The learning rate is multiplied by it.</summary>
    public double RateFactor { get; init; } = 1;

    /// <summary>The gradient of each tensor, in the order of the layout, is multiplied by its factor, beside the clipping by the global norm: adaptive
    /// clipping tensor by tensor, as in AdaGC (Wang et al. 2025). Null: all 1.</summary>
    public IReadOnlyList<double>? TensorFactors { get; init; }

    /// <summary>Forgets both moments before the update (SPAM's answer to a spike; Huang et al. 2025). The correction of their bias goes on with the number
    /// of the update, as there, so that nothing but the moments need be remembered: the updates behind a reset begin small and grow to full size.</summary>
    public bool ResetMomentum { get; init; }
}

namespace ActorTrain.Models.Storage;

/// <summary>Where a flat vector rests between uses, where a bit flip must be searched for.</summary>
public enum FlatPlace
{
    /// <summary>The weights of a replica.</summary>
    Weights,

    /// <summary>Copies of the weights, packed for the fused kernels, that a replica computes with for a step.</summary>
    PackedWeights,

    /// <summary>AdamW's running mean of gradients.</summary>
    FirstMoment,

    /// <summary>AdamW's running mean of squared gradients.</summary>
    SecondMoment,

    /// <summary>The gradient of some lanes, which waits on its trainer for that of the lanes beside them.</summary>
    LaneGradient,

    /// <summary>The gradient of a block of lanes that its trainer has published.</summary>
    PublishedGradient,

    /// <summary>A reducer's sum of some blocks, which waits for that of the others.</summary>
    PartialSum,

    /// <summary>The gradient of the global batch.</summary>
    TotalGradient,

    /// <summary>A copy of weights and moments in memory.</summary>
    Snapshot,
}

namespace ActorTrain.Models.Storage;

/// <summary>Where a flat vector is stored between uses, and so where bit flips must be detected.</summary>
public enum FlatPlace
{
    Weights,

    /// <summary>Copies of the weights, packed for the fused kernels.</summary>
    PackedWeights,

    FirstMoment,

    SecondMoment,

    /// <summary>The gradient of some lanes, waiting on its trainer for its sibling.</summary>
    LaneGradient,

    /// <summary>The published gradient of a block of lanes.</summary>
    PublishedGradient,

    /// <summary>A reducer's sum of some blocks, waiting for its sibling.</summary>
    PartialSum,

    TotalGradient,

    /// <summary>Weights that the owners of shards have published, for all trainers to copy.</summary>
    PublishedWeights,

    /// <summary>A copy of weights and moments in memory.</summary>
    Snapshot,
}

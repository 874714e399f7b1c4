using ActorTrain.Data.Plan;
using ActorTrain.Models.Batches;
using ActorTrain.Models.Runtime;
using ActorTrain.Models.Steps;
using ActorTrain.Persistence.Checkpoints;
using static TorchSharp.torch;

namespace ActorTrain.Actors.Training;

/// <summary>What all trainers of a run share.</summary>
public record ReplicaWork
{
    /// <summary>Everything that a replica's bits depend on, except data and machine.</summary>
    public required ReplicaOptions Replica { get; init; }

    /// <summary>Null for the CPU.</summary>
    public Device? Device { get; init; }

    /// <summary>Which samples each lane of each step trains on.</summary>
    public required BatchPlan Plan { get; init; }

    /// <summary>The micro-batches of some samples, in order; called on trainers' threads.</summary>
    public required Func<IEnumerable<PlannedSample>, IEnumerable<TokenBatch>> Samples { get; init; }

    /// <summary>How many targets some samples have; null if each row of a sample has one.</summary>
    public Func<IEnumerable<PlannedSample>, long>? Targets { get; init; }

    /// <summary>The weights that the run starts with; null for random ones.</summary>
    public BaseWeights? Base { get; init; }

    /// <summary>Those of a reward model that the critic starts with; null for those of <see cref="Base"/>.</summary>
    public BaseWeights? CriticBase { get; init; }

    /// <summary>How many lanes may be computed in one pass; changes no bit. More than 1 only where a lane is one micro-batch.</summary>
    public int LanesAtOnce { get; init; } = 1;

    /// <summary>Less memory for more time; changes no bit.</summary>
    public Recompute Recompute { get; init; }

    /// <summary>The validation batches, at least one; null without a validation split.</summary>
    public Func<IEnumerable<TokenBatch>>? Validation { get; init; }

    /// <summary>Bytes of text of each token id.</summary>
    public IReadOnlyList<int> ByteCounts { get; init; } = [];
}

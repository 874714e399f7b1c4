using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;

namespace ActorTrain.Actors.Protocol;

/// <summary>A command of a later round ends the earlier one; commands of earlier rounds are stale.</summary>
public abstract record ReducerCommand;

/// <summary>Adds a block's sum in the transport to the round's total of this shard. It may arrive twice.</summary>
public sealed record AddBlock(Round Round, LaneBlock Block) : ReducerCommand;

/// <param name="Reducer">From 0.</param>
public abstract record ReducerReport(int Reducer) : IRunInput;

/// <summary>Sent by a new reducer, which knows nothing of the current round.</summary>
public sealed record ReducerStarted(int Reducer) : ReducerReport(Reducer);

/// <summary>A sum in the transport has other bits than when it was written: the round must be recomputed.</summary>
/// <param name="Block">Null for the total.</param>
public sealed record BlockDamaged(int Reducer, Round Round, LaneBlock? Block, string Reason) : ReducerReport(Reducer);

/// <summary>All lanes of a shard are summed; the total is in the transport.</summary>
/// <param name="Squares">Sums of squares over the shard's blocks of 2^20 elements, in order: added over the shards in order they give the
/// squared norm of the gradient, whatever the number of shards.</param>
public sealed record ShardReduced(int Reducer, Round Round, IReadOnlyList<double> Squares) : ReducerReport(Reducer)
{
    /// <summary>Sums of squares of the shard's cells in order, to be followed by those of the next shard: see <see cref="TensorNorms"/>;
    /// empty if the reducer does not know the tensors.</summary>
    public IReadOnlyList<double> Cells { get; init; } = [];

    /// <summary>Elements that are NaN or infinite.</summary>
    public long NonFinite { get; init; }
}

using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;

namespace ActorTrain.Actors.Protocol;

/// <summary>Commands of a gradient reducer. A command of a later round ends the one before; one of an earlier round is stale.</summary>
public abstract record ReducerCommand;

/// <summary>Add the sum over a block of lanes, which lies in the transport, to the round's total of this shard. It may come
/// twice.</summary>
public sealed record AddBlock(Round Round, LaneBlock Block) : ReducerCommand;

/// <summary>What a gradient reducer says.</summary>
/// <param name="Reducer">Which one, from 0.</param>
public abstract record ReducerReport(int Reducer) : IRunInput;

/// <summary>It lives, and knows nothing of the round under way.</summary>
public sealed record ReducerStarted(int Reducer) : ReducerReport(Reducer);

/// <summary>A sum that lies in the transport has other bits than when it was put there: the round is to be computed again.</summary>
/// <param name="Block">Whose sum it is; null: the total's.</param>
public sealed record BlockDamaged(int Reducer, Round Round, LaneBlock? Block, string Reason) : ReducerReport(Reducer);

/// <summary>All lanes of a shard are summed; the total lies in the transport.</summary>
/// <param name="Squares">Sums of squares over the shard's blocks of 2^20 elements, in order: added over the shards in order they give the
/// squared norm of the gradient, whatever the number of shards.</param>
public sealed record ShardReduced(int Reducer, Round Round, IReadOnlyList<double> Squares) : ReducerReport(Reducer)
{
    /// <summary>Sums of squares of the shard's cells, in order, which those of the other shards follow: see <see cref="TensorNorms"/>;
    /// empty where the reducer does not know the tensors.</summary>
    public IReadOnlyList<double> Cells { get; init; } = [];

    /// <summary>Elements that are NaN or infinite.</summary>
    public long NonFinite { get; init; }
}

using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Models.Lanes;

namespace ActorTrain.Actors.Reduction;

/// <summary>The sums of one shard for <see cref="ReducerLogic{TSum}"/>: gradients in memory, or a simulation.</summary>
/// <typeparam name="TSum">The sum over a block of lanes.</typeparam>
public interface IShardSums<TSum>
    where TSum : class
{
    /// <summary>Opens a block's sum in the transport; null if it does not exist.</summary>
    TSum? Read(Round round, LaneBlock block);

    /// <summary>Adds the right sum to the left one, and frees both.</summary>
    /// <exception cref="CorruptionException">A sum has other bits than when it was written.</exception>
    TSum Add(Round round, TSum left, TSum right);

    /// <summary>Writes the sum over all lanes to the round, and frees it.</summary>
    /// <returns>Null if the round was closed.</returns>
    /// <exception cref="CorruptionException">It has other bits than when it was written.</exception>
    ShardReduced? Complete(Round round, TSum total);

    void Drop(TSum sum);
}

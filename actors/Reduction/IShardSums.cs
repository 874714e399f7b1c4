using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Models.Lanes;

namespace ActorTrain.Actors.Reduction;

/// <summary>The sums of one shard, which a <see cref="ReducerLogic{TSum}"/> adds up: gradients in memory, or what stands for them in a
/// simulation.</summary>
/// <typeparam name="TSum">The sum over a block of lanes.</typeparam>
public interface IShardSums<TSum>
    where TSum : class
{
    /// <summary>Opens the sum over a block in the transport; null when it is not there.</summary>
    TSum? Read(Round round, LaneBlock block);

    /// <summary>Adds the right sum to the left one, and frees both.</summary>
    /// <exception cref="CorruptionException">One of them has other bits than when it was written.</exception>
    TSum Add(Round round, TSum left, TSum right);

    /// <summary>Hands the sum over all lanes over to the round, and frees it.</summary>
    /// <returns>What is known of it; null when the round was closed.</returns>
    /// <exception cref="CorruptionException">It has other bits than when it was written.</exception>
    ShardReduced? Complete(Round round, TSum total);

    /// <summary>Frees a sum of a round that is over.</summary>
    void Drop(TSum sum);
}

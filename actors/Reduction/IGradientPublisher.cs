using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Steps;
using ActorTrain.Models.Storage;
using static TorchSharp.torch;

namespace ActorTrain.Actors.Reduction;

/// <summary>What trainers see of the transport of gradients, in the process of the reducers or in another. Thread-safe.</summary>
/// <remarks>Stale calls are refused without an error, since a round may be closed, and a connection may end, at any moment.</remarks>
public interface IGradientPublisher
{
    /// <summary>Allocates the vectors to publish.</summary>
    GradientPool Memory { get; }

    /// <summary>Publishes the sum over a block of lanes to all reducers.</summary>
    /// <param name="gradient">A vector of <see cref="Memory"/>; owned by the transport from now on, whatever the result.</param>
    /// <param name="checksum">The checksum at the time of writing, verified by readers.</param>
    /// <returns>False if the round is not open, or the block exists already (with the same bits, by determinism).</returns>
    bool Publish(Round round, LaneBlock block, Tensor gradient, FlatChecksum checksum);

    bool Holds(Round round, LaneBlock block);

    /// <summary>Opens the total; null until all shards are complete, and after the round is closed. The first call proves that the round is
    /// committed, so the block sums are freed. Its memory must not be written.</summary>
    GradientLease? Total(Round round);

    /// <summary>Publishes the weights of a shard after the round's update. Whoever comes second has the same bits.</summary>
    /// <param name="weights">Address of the shard's first weight, read before the call returns.</param>
    /// <param name="checksum">Of the shard, at the time of writing; verified by readers.</param>
    /// <returns>False if the round is not open.</returns>
    bool PublishWeights(Round round, GradientShard shard, nint weights, FlatChecksum checksum);

    /// <summary>Opens the weights after the round's update; null until those of all shards are published, and after the round is closed.
    /// Its memory must not be written.</summary>
    GradientLease? Weights(Round round);
}

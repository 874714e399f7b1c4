using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Steps;
using ActorTrain.Models.Storage;
using static TorchSharp.torch;

namespace ActorTrain.Actors.Reduction;

/// <summary>Carries gradients between trainers and reducers; messages only refer to them. Thread-safe.</summary>
/// <remarks>Published sums are never changed, so a lost reducer's successor can repeat the reduction. Stale calls are refused without an
/// error, since a round may be closed at any moment.</remarks>
public interface IGradientTransport : IDisposable
{
    /// <summary>Allocates the vectors to publish.</summary>
    GradientPool Memory { get; }

    IReadOnlyList<GradientShard> Shards { get; }

    /// <summary>Accepts gradients of a round from now on. May be repeated.</summary>
    void Open(Round round);

    /// <summary>Refuses further gradients of a round, and frees its memory once all readers are done.</summary>
    void Close(Round round);

    /// <summary>Closes all rounds, for a new run supervisor.</summary>
    void CloseAll();

    /// <summary>Publishes the sum over a block of lanes to all reducers.</summary>
    /// <param name="gradient">A vector of <see cref="Memory"/>; owned by the transport from now on, whatever the result.</param>
    /// <param name="checksum">The checksum at the time of writing, verified by readers.</param>
    /// <returns>False if the round is not open, or the block exists already (with the same bits, by determinism).</returns>
    bool Publish(Round round, LaneBlock block, Tensor gradient, FlatChecksum checksum);

    bool Holds(Round round, LaneBlock block);

    /// <summary>Opens a block's sum for reading; null if it does not exist.</summary>
    GradientLease? Read(Round round, LaneBlock block);

    /// <summary>Opens the memory of the total, of which each reducer writes its own shard; null if the round is not open. Repeated writes
    /// of a shard write the same bits.</summary>
    GradientLease? WriteTotal(Round round);

    /// <summary>Marks a shard of the total as written, or as unnecessary if one block contains all lanes.</summary>
    /// <param name="checksum">Of what was written; null if one block contains all lanes.</param>
    void CompleteShard(Round round, int shard, FlatChecksum? checksum);

    /// <summary>Opens the total; null until all shards are complete, and after the round is closed. The first call proves that the round is
    /// committed, so the block sums are freed.</summary>
    GradientLease? Total(Round round);
}

using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Steps;
using ActorTrain.Models.Storage;
using static TorchSharp.torch;

namespace ActorTrain.Actors.Reduction;

/// <summary>Carries gradients between trainers and reducers: messages name them, they themselves never travel in one. Any thread may use
/// it.</summary>
/// <remarks>Sums over blocks of lanes are never changed once they are published, so reducing can be done again by whoever takes a lost
/// reducer's place. What is stale is refused, not an error: a round may be closed at any moment by those who decide.</remarks>
public interface IGradientTransport : IDisposable
{
    /// <summary>Vectors for the gradients of trainers on a CPU; what is published comes from it.</summary>
    GradientPool Memory { get; }

    IReadOnlyList<GradientShard> Shards { get; }

    /// <summary>Takes gradients of a round from now on. It may come twice.</summary>
    void Open(Round round);

    /// <summary>Takes no more gradients of a round and frees what it has, once those who read it are done.</summary>
    void Close(Round round);

    /// <summary>Closes all rounds, for whoever begins anew.</summary>
    void CloseAll();

    /// <summary>Gives the sum over a block of lanes to all reducers.</summary>
    /// <param name="gradient">A vector of <see cref="Memory"/>. It is the transport's from now on, whatever the answer.</param>
    /// <param name="checksum">The checksum that it had when it was written: who reads it holds that against it.</param>
    /// <returns>False when the round is not open, or the block is there already: by determinism with the same bits.</returns>
    bool Publish(Round round, LaneBlock block, Tensor gradient, FlatChecksum checksum);

    /// <summary>Whether a block's sum lies in the transport.</summary>
    bool Holds(Round round, LaneBlock block);

    /// <summary>Opens a block's sum for reading; null when it is not there.</summary>
    GradientLease? Read(Round round, LaneBlock block);

    /// <summary>Opens the memory into which reducers write the total, each its own shard; null when the round is not open. Whoever writes a
    /// shard twice writes the same bits.</summary>
    GradientLease? WriteTotal(Round round);

    /// <summary>Says that a shard of the total is written, or, where one block holds all lanes, that it need not be.</summary>
    /// <param name="checksum">Checksum of what was written; null where one block holds all lanes.</param>
    void CompleteShard(Round round, int shard, FlatChecksum? checksum);

    /// <summary>Opens the total, once all shards are complete; null before, or when the round is closed. The first to ask proves that the
    /// round is committed, so the sums over blocks are freed.</summary>
    GradientLease? Total(Round round);
}

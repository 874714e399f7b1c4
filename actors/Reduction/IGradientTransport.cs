using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Storage;
using static TorchSharp.torch;

namespace ActorTrain.Actors.Reduction;

/// <summary>Carries gradients between trainers and reducers; messages only refer to them. Thread-safe.</summary>
/// <remarks>Published sums are never changed, so a lost reducer's successor can repeat the reduction. Stale calls are refused without an
/// error, since a round may be closed at any moment.</remarks>
public interface IGradientTransport : IGradientPublisher, IDisposable
{
    IReadOnlyList<GradientShard> Shards { get; }

    /// <summary>Accepts gradients of a round from now on. May be repeated.</summary>
    void Open(Round round);

    /// <summary>Refuses further gradients of a round, and frees its memory once all readers are done.</summary>
    void Close(Round round);

    /// <summary>Closes all rounds, for a new run supervisor.</summary>
    void CloseAll();

    /// <summary>Publishes a sum in memory of another owner.</summary>
    /// <param name="free">Called once, whatever the result, when nobody reads the vector any more. It must not call the transport.</param>
    /// <returns>As <see cref="IGradientPublisher.Publish"/>.</returns>
    bool Publish(Round round, LaneBlock block, Tensor gradient, FlatChecksum checksum, Action free);

    /// <summary>Opens a block's sum for reading; null if it does not exist.</summary>
    GradientLease? Read(Round round, LaneBlock block);

    /// <summary>Opens the memory of the total, of which each reducer writes its own shard; null if the round is not open. Repeated writes
    /// of a shard write the same bits.</summary>
    GradientLease? WriteTotal(Round round);

    /// <summary>Marks a shard of the total as written, or as unnecessary if one block contains all lanes.</summary>
    /// <param name="checksum">Of what was written; null if one block contains all lanes.</param>
    void CompleteShard(Round round, int shard, FlatChecksum? checksum);
}

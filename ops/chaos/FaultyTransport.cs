using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Reduction;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Steps;
using ActorTrain.Models.Storage;
using static TorchSharp.torch;

namespace ActorTrain.Chaos;

/// <summary>The transport as one trainer sees it, with gradients that may be damaged on their way.</summary>
/// <param name="transport">The real one; not owned.</param>
/// <param name="trainer">The trainer's name.</param>
/// <param name="faults">Decides.</param>
public sealed class FaultyTransport(IGradientTransport transport, string trainer, IFaultInjector faults) : IGradientTransport
{
    /// <inheritdoc/>
    public GradientPool Memory => transport.Memory;

    /// <inheritdoc/>
    public IReadOnlyList<GradientShard> Shards => transport.Shards;

    /// <inheritdoc/>
    public void Open(Round round) => transport.Open(round);

    /// <inheritdoc/>
    public void Close(Round round) => transport.Close(round);

    /// <inheritdoc/>
    public void CloseAll() => transport.CloseAll();

    /// <inheritdoc/>
    public bool Publish(Round round, LaneBlock block, Tensor gradient, FlatChecksum checksum)
    {
        faults.Touch(trainer, round.Step, FlipTarget.Of(FlatPlace.PublishedGradient, gradient));
        faults.Spoil(trainer, round.Step, gradient);
        return transport.Publish(round, block, gradient, checksum);
    }

    /// <inheritdoc/>
    public bool Holds(Round round, LaneBlock block) => transport.Holds(round, block);

    /// <inheritdoc/>
    public GradientLease? Read(Round round, LaneBlock block) => transport.Read(round, block);

    /// <inheritdoc/>
    public GradientLease? WriteTotal(Round round) => transport.WriteTotal(round);

    /// <inheritdoc/>
    public void CompleteShard(Round round, int shard, FlatChecksum? checksum) => transport.CompleteShard(round, shard, checksum);

    /// <inheritdoc/>
    public GradientLease? Total(Round round)
    {
        var total = transport.Total(round);
        if (total is not null)
            faults.Touch(trainer, round.Step, FlipTarget.Of(FlatPlace.TotalGradient, total.Vector));
        return total;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}

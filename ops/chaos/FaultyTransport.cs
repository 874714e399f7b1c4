using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Reduction;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Steps;
using ActorTrain.Models.Storage;
using static TorchSharp.torch;

namespace ActorTrain.Chaos;

/// <summary>The transport as one trainer sees it, with gradients that may be damaged in transit.</summary>
/// <param name="transport">Not owned.</param>
public sealed class FaultyTransport(IGradientTransport transport, string trainer, IFaultInjector faults) : IGradientTransport
{
    public GradientPool Memory => transport.Memory;

    public IReadOnlyList<GradientShard> Shards => transport.Shards;

    public void Open(Round round) => transport.Open(round);

    public void Close(Round round) => transport.Close(round);

    public void CloseAll() => transport.CloseAll();

    public bool Publish(Round round, LaneBlock block, Tensor gradient, FlatChecksum checksum)
    {
        faults.Touch(trainer, round.Step, FlipTarget.Of(FlatPlace.PublishedGradient, gradient));
        faults.Spoil(trainer, round.Step, gradient);
        return transport.Publish(round, block, gradient, checksum);
    }

    public bool Holds(Round round, LaneBlock block) => transport.Holds(round, block);

    public GradientLease? Read(Round round, LaneBlock block) => transport.Read(round, block);

    public GradientLease? WriteTotal(Round round) => transport.WriteTotal(round);

    public void CompleteShard(Round round, int shard, FlatChecksum? checksum) => transport.CompleteShard(round, shard, checksum);

    public GradientLease? Total(Round round)
    {
        var total = transport.Total(round);
        if (total is not null)
            faults.Touch(trainer, round.Step, FlipTarget.Of(FlatPlace.TotalGradient, total.Vector));
        return total;
    }

    public void Dispose()
    {
    }
}

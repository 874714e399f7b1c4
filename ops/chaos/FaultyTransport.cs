using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Reduction;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Steps;
using ActorTrain.Models.Storage;
using static TorchSharp.torch;

namespace ActorTrain.Chaos;

/// <summary>The transport as one trainer sees it, with gradients that may be damaged in transit.</summary>
/// <param name="transport">Not owned.</param>
public sealed class FaultyTransport(IGradientPublisher transport, string trainer, IFaultInjector faults) : IGradientPublisher
{
    public GradientPool Memory => transport.Memory;

    public bool Publish(Round round, LaneBlock block, Tensor gradient, FlatChecksum checksum)
    {
        faults.Touch(trainer, round.Step, FlipTarget.Of(FlatPlace.PublishedGradient, gradient));
        faults.Spoil(trainer, round.Step, gradient);
        return transport.Publish(round, block, gradient, checksum);
    }

    public bool Holds(Round round, LaneBlock block) => transport.Holds(round, block);

    public bool PublishWeights(Round round, GradientShard shard, nint weights, FlatChecksum checksum) =>
        transport.PublishWeights(round, shard, weights, checksum);

    public GradientLease? Weights(Round round)
    {
        var weights = transport.Weights(round);
        if (weights is not null)
            faults.Touch(trainer, round.Step, FlipTarget.Of(FlatPlace.PublishedWeights, weights.Vector));
        return weights;
    }

    public GradientLease? Total(Round round)
    {
        var total = transport.Total(round);
        if (total is not null)
            faults.Touch(trainer, round.Step, FlipTarget.Of(FlatPlace.TotalGradient, total.Vector));
        return total;
    }
}

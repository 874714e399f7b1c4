using ActorTrain.Models.Options;

namespace ActorTrain.Actors.Reduction;

/// <summary>How the state of a run is divided among its trainers.</summary>
public sealed record ParallelOptions : IOptions
{
    [Option("what is divided among trainers: 0: nothing, each holds weights and optimizer state; 1 (ZeRO-1): the optimizer state, two "
        + "trainers hold each shard of it, on different nodes where there are two, and there are as many shards as gradient reducers",
        Max = 1, MayChangeBecause = OptionText.WhoComputes)]
    public int Zero { get; init; }
}

using ActorTrain.Models.Options;

namespace ActorTrain.Actors.Reduction;

public sealed record ReducersOptions : IOptions
{
    [Option("gradient reducers, each for one part of the parameters; 0: as many as trainers at the start", Max = 1 << 10,
        MayChangeBecause = OptionText.WhoComputes)]
    public int Count { get; init; }
}

using ActorTrain.Models.Options;

namespace ActorTrain.Models.Optimization;

public sealed record AdamWOptions : IOptions
{
    [Option("AdamW beta1: decay of the first moment", Below = 1)]
    public double Beta1 { get; init; } = 0.9;

    [Option("AdamW beta2: decay of the second moment", Below = 1)]
    public double Beta2 { get; init; } = 0.95;

    [Option("AdamW's epsilon", Above = 0)]
    public double Epsilon { get; init; } = 1e-8;

    [Option("decoupled weight decay, applied to matrices only")]
    public double WeightDecay { get; init; } = 0.1;
}

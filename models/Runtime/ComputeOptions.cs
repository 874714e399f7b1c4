using ActorTrain.Models.Options;

namespace ActorTrain.Models.Runtime;

public enum NumericsMode
{
    Fast,

    /// <summary>Those common to all x86-64-v3 machines, so that all of them compute the same bits.</summary>
    Portable,
}

public sealed record ComputeOptions : IOptions
{
    [Option("fast: the best kernels of this machine; portable: the same bits on every x86-64-v3 machine")]
    public NumericsMode Numerics { get; init; } = NumericsMode.Fast;

    [Option("compute device", Pattern = "cpu|cuda(:[0-9]{1,3})?", Expectation = "cpu, cuda or cuda:N", Words = ["cpu", "cuda"],
        MayChangeBecause = "each checkpoint records the numeric fingerprint, and a change is reported")]
    public string Device { get; init; } = "cpu";

    [Option("threads per trainer; 0 divides the cores evenly among the trainers", Max = 4096, MayChangeBecause = OptionText.WhoComputes)]
    public int Threads { get; init; }
}

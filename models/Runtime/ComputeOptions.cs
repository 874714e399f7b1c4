using ActorTrain.Models.Options;

namespace ActorTrain.Models.Runtime;

public enum NumericsMode
{
    Fast,

    /// <summary>Those common to all x86-64-v3 machines, so that all of them compute the same bits.</summary>
    Portable,
}

/// <summary>What the backward pass computes again, to the same bits, instead of keeping it since the forward pass.</summary>
public enum Recompute
{
    None,

    /// <summary>Of each layer, the activations of the MLP: its norm, its first product and its activation function.</summary>
    Mlp,

    /// <summary>Those of the attention as well; of each layer, only the residual stream before both is kept.</summary>
    Block,
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

    [Option("activations to compute again in the backward pass instead of keeping them: with mlp, training is slower and needs less "
        + "memory, with block even more so",
        MayChangeBecause = "the bits are the same")]
    public Recompute Recompute { get; init; }

    public IEnumerable<OptionProblem> Validate()
    {
        if (Recompute != Recompute.None && Device != "cpu")
        {
            yield return new(
                $"{nameof(Recompute):key} works on the CPU only, but {nameof(Device):key} is {Device}; omit it, or choose cpu.");
        }
    }
}

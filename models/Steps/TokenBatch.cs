using static TorchSharp.torch;

namespace ActorTrain.Models.Steps;

/// <summary>Sequences of context + 1 tokens: each token but the last is an input, each but the first a target.</summary>
/// <param name="Tokens">Ids, sequence after sequence.</param>
/// <param name="Sequences">Number of sequences, B.</param>
/// <param name="Context">Inputs per sequence, T.</param>
public sealed record TokenBatch(long[] Tokens, int Sequences, int Context)
{
    /// <summary>Number of targets.</summary>
    public long TargetCount => (long)Sequences * Context;

    /// <summary>One target, counted over the sequences.</summary>
    public long Target(int index) => Tokens[(index / Context * (Context + 1)) + (index % Context) + 1];

    /// <summary>Inputs and targets, each <c>[B, T]</c> int64 on <paramref name="device"/>.</summary>
    public (Tensor Inputs, Tensor Targets) ToTensors(Device? device = null)
    {
        using var both = tensor(Tokens, Sequences, Context + 1, device: device);
        using var inputs = both.narrow(1, 0, Context);
        using var targets = both.narrow(1, 1, Context);
        return (inputs.contiguous(), targets.contiguous());
    }
}

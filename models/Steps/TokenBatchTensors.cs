using static TorchSharp.torch;

namespace ActorTrain.Models.Steps;

public static class TokenBatchTensors
{
    /// <summary>Inputs and targets, each <c>[B, T]</c> int64 on <paramref name="device"/>.</summary>
    public static (Tensor Inputs, Tensor Targets) ToTensors(this TokenBatch batch, Device? device = null)
    {
        using var both = tensor(batch.Tokens, batch.Sequences, batch.Context + 1, device: device);
        using var inputs = both.narrow(1, 0, batch.Context);
        using var targets = both.narrow(1, 1, batch.Context);
        return (inputs.contiguous(), targets.contiguous());
    }
}

using ActorTrain.Models.Steps;
using static TorchSharp.torch;

namespace ActorTrain.Models.Layers;

public static class TokenBatchTensors
{
    /// <summary>Inputs and targets, each <c>[B, T]</c> int64 on <paramref name="device"/>, or <c>[1, rows]</c> if the texts' lengths
    /// differ.</summary>
    public static (Tensor Inputs, Tensor Targets) ToTensors(this TokenBatch batch, Device? device = null)
    {
        var rows = batch.Ends is null ? batch.Sequences : 1;
        return (tensor(batch.Inputs, rows, batch.Inputs.Length / rows, device: device),
            tensor(batch.Targets, rows, batch.Targets.Length / rows, device: device));
    }

    /// <summary>Which rows of the tensors belong to which text.</summary>
    public static TextRows TextRows(this TokenBatch batch) =>
        batch.Ends is { } ends ? new TextRows(ends) : new TextRows(batch.Sequences, batch.Longest);
}

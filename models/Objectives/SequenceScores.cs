using System.Runtime.InteropServices;
using ActorTrain.Models.Batches;
using ActorTrain.Models.Layers;
using ActorTrain.Models.Runtime;
using static TorchSharp.torch;

namespace ActorTrain.Models.Objectives;

/// <summary>How likely a model finds sequences.</summary>
public static class SequenceScores
{
    /// <summary>Of each sequence of a batch, the log-probability of its targets, in nats.</summary>
    public static double[] Of(Transformer model, TokenBatch batch)
    {
        var losses = LossesOf(model, batch);
        return [.. Enumerable.Range(0, batch.Sequences).Select(sequence =>
        {
            var ((start, end), sum) = (batch.RowsOf(sequence), 0.0);
            for (var row = start; row < end; row++)
                sum -= losses[row];
            return sum;
        })];
    }

    /// <summary>The cross-entropy of each row's target in nats, 0 without one; no gradient.</summary>
    public static float[] LossesOf(Transformer model, TokenBatch batch, HeadForm form = default)
    {
        using var threads = ComputeThreads.OneForTorch();
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var (inputs, targets) = batch.ToTensors(model.Parameters.Device);
        return MemoryMarshal.Cast<byte, float>(model.TokenLosses(inputs, targets, batch.TextRows(), form).cpu().bytes).ToArray();
    }
}

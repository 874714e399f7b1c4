using System.Runtime.InteropServices;
using ActorTrain.Models.Batches;
using ActorTrain.Models.Layers;
using ActorTrain.Models.Rollouts;
using ActorTrain.Models.Runtime;
using static TorchSharp.torch;

namespace ActorTrain.Models.Objectives;

/// <summary>What a model with a score gives to sequences: a reward model the score of each, a critic the value of each position.</summary>
public static class ScalarScores
{
    /// <summary>The row of each sequence at which it is scored: that of its last token, by its length, in training and ever after. Which
    /// token that is does not matter (transformers#35352, TRL#5813: a search for padding or for an end token finds another one).</summary>
    public static long[] LastRows(TokenBatch batch) =>
        [.. Enumerable.Range(0, batch.Sequences).Select(sequence => (long)batch.RowsOf(sequence).End - 1)];

    /// <summary>The score of each sequence of a batch; no gradient.</summary>
    public static float[] OfSequences(Transformer model, TokenBatch batch) => Of(model, batch, LastRows(batch));

    /// <summary>The score of each row of a batch, of its sequence up to there; no gradient.</summary>
    public static float[] OfRows(Transformer model, TokenBatch batch) =>
        Of(model, batch, [.. Enumerable.Range(0, batch.Inputs.Length).Select(static row => (long)row)]);

    /// <summary>The value before each token of the completions of a batch, in order; no gradient.</summary>
    public static float[] OfCompletions(Transformer critic, TokenBatch batch) => Of(critic, batch, CompletionRows.RowsOf(batch));

    internal static float[] ValuesOf(Tensor scores) => MemoryMarshal.Cast<byte, float>(scores.cpu().bytes).ToArray();

    private static float[] Of(Transformer model, TokenBatch batch, long[] rows)
    {
        using var threads = ComputeThreads.OneForTorch();
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var (inputs, targets) = batch.ToTensors(model.Parameters.Device);
        return ValuesOf(model.Scores(inputs, rows, batch.TextRows()));
    }
}

using System.Runtime.InteropServices;
using ActorTrain.Models.Batches;
using ActorTrain.Models.Layers;
using ActorTrain.Models.Runtime;
using static TorchSharp.torch;

namespace ActorTrain.Models.Evaluation;

/// <summary>Loss on text that a model was not trained on.</summary>
/// <param name="Loss">Mean cross-entropy, nats per token; or mean loss of pairs or rankings.</param>
/// <param name="Tokens">Targets, pairs or rankings.</param>
/// <param name="BitsPerByte">Bits per byte of text, comparable across tokenizers: the loss of tokens that are bytes of the text, over their
/// bytes. Other tokens, such as the end of a text, are in neither sum (as in nanochat's loss_eval.py); NaN if there are only such.</param>
public sealed record ValidationLoss(double Loss, long Tokens, double BitsPerByte)
{
    /// <summary>Of all pairs, those in rankings included: the share that the model orders rightly. Null for text.</summary>
    public double? Accuracy { get; init; }

    /// <summary>NaN for pairs.</summary>
    public double Perplexity => Accuracy is null ? Math.Exp(Loss) : double.NaN;

    /// <param name="model">Its gradients are not changed.</param>
    /// <param name="batches">At least one.</param>
    /// <param name="byteCounts">Bytes of text of each token id.</param>
    public static ValidationLoss Measure(
        Transformer model, IEnumerable<TokenBatch> batches, IReadOnlyList<int> byteCounts, CancellationToken cancellation = default) =>
        Measure(new ValidationSum(model, byteCounts), batches, cancellation);

    /// <param name="validation">That has begun.</param>
    /// <param name="batches">At least one.</param>
    public static ValidationLoss Measure(
        IValidation validation, IEnumerable<TokenBatch> batches, CancellationToken cancellation = default)
    {
        var any = false;
        foreach (var batch in batches)
        {
            cancellation.ThrowIfCancellationRequested();
            validation.Add(batch);
            any = true;
        }

        return any ? validation.Result() : throw new ArgumentException("No batch to evaluate.", nameof(batches));
    }
}

/// <summary>Measures the validation loss batch by batch, so that the caller can do other work in between.</summary>
public interface IValidation
{
    void Add(TokenBatch batch);

    /// <summary>The mean over all batches so far, at least one.</summary>
    ValidationLoss Result();
}

/// <summary>The cross-entropy of targets.</summary>
/// <param name="model">Its gradients are not changed.</param>
/// <param name="byteCounts">Bytes of text of each token id.</param>
public sealed class ValidationSum(Transformer model, IReadOnlyList<int> byteCounts) : IValidation
{
    private double sum;
    private double textSum;
    private long textBytes;

    public long Tokens { get; private set; }

    public void Add(TokenBatch batch)
    {
        using var threads = ComputeThreads.OneForTorch();
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var (inputs, targets) = batch.ToTensors(model.Parameters.Device);
        var losses = MemoryMarshal.Cast<byte, float>(model.TokenLosses(inputs, targets, batch.TextRows()).cpu().bytes);
        for (var i = 0; i < losses.Length; i++)
        {
            if (batch.Targets[i] == TokenBatch.NoTarget)
                continue;
            var bytes = byteCounts[(int)batch.Targets[i]];
            sum += losses[i];
            textSum += bytes > 0 ? losses[i] : 0;
            textBytes += bytes;
        }

        Tokens += batch.TargetCount;
    }

    public ValidationLoss Result()
    {
        if (Tokens == 0)
            throw new InvalidOperationException("No batch was evaluated, so there is no mean loss.");
        var loss = sum / Tokens;
        return new ValidationLoss(loss, Tokens, textSum / Math.Log(2) / textBytes);
    }
}

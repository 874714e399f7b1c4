using ActorTrain.Models.Numerics;
using ActorTrain.Models.Steps;
using static TorchSharp.torch;

namespace ActorTrain.Models.Evaluation;

/// <summary>How well a model predicts text it was not trained on.</summary>
/// <param name="Loss">Mean cross-entropy, nats per token.</param>
/// <param name="Tokens">Number of tokens predicted.</param>
/// <param name="BitsPerByte">Bits per byte of text; comparable across tokenizers.</param>
public sealed record HeldOutLoss(double Loss, long Tokens, double BitsPerByte)
{
    /// <summary>e to the loss.</summary>
    public double Perplexity => Math.Exp(Loss);

    /// <summary>Measures <paramref name="model"/> on some batches.</summary>
    /// <param name="model">The model; its gradients are not touched.</param>
    /// <param name="batches">What to predict, at least one batch.</param>
    /// <param name="bytesPerToken">Mean length of a token of this text, in bytes.</param>
    /// <param name="cancellation">Asked between batches.</param>
    public static HeldOutLoss Measure(
        Transformer model, IEnumerable<TokenBatch> batches, double bytesPerToken, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(batches);
        var sum = new HeldOutSum(model);
        foreach (var batch in batches)
        {
            cancellation.ThrowIfCancellationRequested();
            sum.Add(batch);
        }

        return sum.Tokens > 0
            ? sum.Result(bytesPerToken)
            : throw new ArgumentException("There is nothing to predict: no batch was given.", nameof(batches));
    }
}

/// <summary>A measurement on text that a model was not trained on, in the making: whoever measures may do other things between two batches.</summary>
/// <param name="model">The model; its gradients are not touched.</param>
public sealed class HeldOutSum(Transformer model)
{
    private double sum;

    /// <summary>Tokens predicted so far.</summary>
    public long Tokens { get; private set; }

    /// <summary>Predicts one more batch.</summary>
    public void Add(TokenBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        using var threads = ComputeThreads.OneForTorch();
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var (inputs, targets) = batch.ToTensors(model.Parameters.Device);
        sum += model.Loss(inputs, targets, 1f / batch.TargetCount).item<float>() * batch.TargetCount;
        Tokens += batch.TargetCount;
    }

    /// <summary>The mean over all batches so far, at least one.</summary>
    /// <param name="bytesPerToken">Mean length of a token of this text, in bytes.</param>
    public HeldOutLoss Result(double bytesPerToken)
    {
        if (Tokens == 0)
            throw new InvalidOperationException("No batch was predicted, so there is no mean.");
        var loss = sum / Tokens;
        return new HeldOutLoss(loss, Tokens, loss / Math.Log(2) / bytesPerToken);
    }
}

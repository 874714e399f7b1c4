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
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(batches);
        using var _ = no_grad();
        double sum = 0;
        long tokens = 0;
        foreach (var batch in batches)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var (inputs, targets) = batch.ToTensors(model.Parameters.Device);
            sum += model.Loss(inputs, targets, 1f / batch.TargetCount).item<float>() * batch.TargetCount;
            tokens += batch.TargetCount;
        }

        if (tokens == 0)
            throw new ArgumentException("There is nothing to predict: no batch was given.", nameof(batches));
        var loss = sum / tokens;
        return new HeldOutLoss(loss, tokens, loss / Math.Log(2) / bytesPerToken);
    }
}

using ActorTrain.Models.Runtime;
using static TorchSharp.torch;

namespace ActorTrain.Models.Steps;

/// <summary>Computes the gradients of lanes on one model replica.</summary>
/// <remarks>Without threads or actors. A lane's bits depend only on its batches, the weights and the numeric fingerprint.</remarks>
/// <param name="model">Not owned.</param>
public sealed class LaneTrainer(Transformer model)
{
    /// <param name="gradient">Receives the gradient, in the parameters' layout; of any content, but with zeros in the gaps.</param>
    /// <param name="tokensPerStep">Targets of the global batch; the loss is their mean.</param>
    /// <returns>The lane's part of the mean loss of the global batch.</returns>
    public double Compute(Tensor gradient, IEnumerable<TokenBatch> microBatches, long tokensPerStep)
    {
        using var _ = ComputeThreads.OneForTorch();
        model.Parameters.LendGradients(gradient);
        try
        {
            return Compute(microBatches, tokensPerStep);
        }
        finally
        {
            model.Parameters.TakeBackGradients();
        }
    }

    private double Compute(IEnumerable<TokenBatch> microBatches, long tokensPerStep)
    {
        model.Parameters.ClearGradients(byOverwriting: model.IsFused);
        double loss = 0;
        var any = false;
        foreach (var batch in microBatches)
        {
            any = true;
            using var scope = NewDisposeScope();
            var (inputs, targets) = batch.ToTensors(model.Parameters.Device);
            var part = model.Loss(inputs, targets, 1f / tokensPerStep);
            part.backward();
            loss += part.item<float>();
        }

        return any ? loss : throw new InvariantException("A lane without a micro-batch has no gradient.");
    }
}

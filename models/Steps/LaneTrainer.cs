using System.Runtime.InteropServices;
using ActorTrain.Models.Batches;
using ActorTrain.Models.Kernels;
using ActorTrain.Models.Layers;
using ActorTrain.Models.Objectives;
using ActorTrain.Models.Runtime;
using static TorchSharp.torch;

namespace ActorTrain.Models.Steps;

/// <summary>Computes the gradients of lanes on one model replica.</summary>
/// <remarks>Without threads or actors. A lane's bits depend only on its batches, the weights and the numeric fingerprint.</remarks>
/// <param name="model">Not owned.</param>
/// <param name="objective">What its gradient lowers.</param>
public sealed class LaneTrainer(Transformer model, IObjective objective)
{
    private readonly IObjective ofRun = objective;
    private IObjective ofStep = objective;

    // Enough rows that kernels run at their full rate and what is done once per pass weighs little.
    private const long Rows = 2048;

    // Of what an embedding keeps of the tokens of each lane.
    private const long TokenRowBytes = 32 << 20;

    /// <summary>How many lanes are computed in one pass, where each is one micro-batch: a power of two.</summary>
    /// <param name="sequences">Of a lane.</param>
    public static int AtOnce(ModelOptions model, Precision precision, int lanes, int sequences)
    {
        var laneRows = (long)sequences * model.ContextLength;
        var elementSize = precision == Precision.BFloat16 ? sizeof(short) : sizeof(float);
        var count = 1;
        while (2 * count <= lanes && Fits(2 * count * laneRows))
            count *= 2;
        return count;

        // Single lanes may take the gradient of the logits in pieces, several may not.
        bool Fits(long rows) => rows <= Rows && rows * model.VocabularySize * elementSize <= NativeKernels.HeadGradientBytes
            && rows / laneRows * Math.Min(rows, model.VocabularySize) * model.Width * sizeof(float) <= TokenRowBytes;
    }

    /// <summary>Begins a step, ahead of its lanes.</summary>
    /// <param name="batches">Those of all its lanes, in the order of the plan; not read unless the objective depends on them.</param>
    public void BeginStep(IEnumerable<TokenBatch> batches)
    {
        using var _ = ComputeThreads.OneForTorch();
        ofStep = ofRun.OfStep(model, batches);
    }

    /// <param name="gradient">Receives the gradient, in the parameters' layout; of any content, but with zeros in the gaps.</param>
    /// <param name="tokensPerStep">Targets, or pairs, of the global batch; the loss is their mean.</param>
    /// <returns>The lane's part of the mean loss of the global batch.</returns>
    public LossPart Compute(Tensor gradient, IEnumerable<TokenBatch> microBatches, long tokensPerStep)
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

    /// <summary>Computes several lanes in one pass on the fused kernels: the same bits as one by one, added along the lane tree.</summary>
    /// <param name="gradient">Receives the sum, as above.</param>
    /// <param name="lanes">The only micro-batch of each lane, equally large; a power of two.</param>
    /// <param name="tokensPerStep">Targets, or pairs, of the global batch; the loss is their mean.</param>
    /// <returns>Each lane's part of the mean loss of the global batch.</returns>
    public IReadOnlyList<double> Compute(Tensor gradient, IReadOnlyList<TokenBatch> lanes, long tokensPerStep)
    {
        using var _ = ComputeThreads.OneForTorch();
        using var scope = NewDisposeScope();
        model.Parameters.LendGradients(gradient, lanes.Count);
        try
        {
            model.Parameters.ClearGradients(byOverwriting: true);
            var (inputs, targets) = TokenBatch.Concat(lanes).ToTensors(model.Parameters.Device);
            var losses = model.LaneLosses(inputs, targets, 1f / tokensPerStep);
            losses.sum().backward();
            return [.. MemoryMarshal.Cast<byte, float>(losses.bytes).ToArray().Select(static loss => (double)loss)];
        }
        finally
        {
            model.Parameters.TakeBackGradients();
        }
    }

    private LossPart Compute(IEnumerable<TokenBatch> microBatches, long tokensPerStep)
    {
        model.Parameters.ClearGradients(byOverwriting: model.IsFused);
        LossPart loss = 0;
        var any = false;
        foreach (var batch in microBatches)
        {
            any = true;
            loss += ofStep.Add(model, batch, tokensPerStep);
        }

        return any ? loss : throw new InvariantException("A lane without a micro-batch has no gradient.");
    }
}

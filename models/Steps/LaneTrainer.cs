using ActorTrain.Models.Lanes;
using ActorTrain.Models.Numerics;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Models.Steps;

/// <summary>Computes lanes, one after another, on one model replica, and sums them along the lane tree as far as its lanes reach.</summary>
/// <remarks>No thread or actor in it: whoever calls decides where it runs. A lane's bits depend on its batches, the weights and the numeric
/// fingerprint alone.</remarks>
public sealed class LaneTrainer : IDisposable
{
    private readonly Transformer model;
    private readonly int lanes;
    private readonly GradientPool memory;
    private readonly List<Tensor> held = [];
    private bool isHeld;

    /// <summary>Makes a trainer over a replica.</summary>
    /// <param name="model">The replica; not owned. Its gradients are computed into vectors of the pool.</param>
    /// <param name="lanes">Lanes of the global batch, a power of two.</param>
    /// <param name="memory">Where vectors come from, one of which is the replica's gradients now; not owned.</param>
    public LaneTrainer(Transformer model, int lanes, GradientPool memory)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(memory);
        this.model = model;
        this.lanes = lanes;
        this.memory = memory;
    }

    /// <summary>Begins the gradient of a block of lanes. Blocks are computed one after another.</summary>
    public BlockGradient Begin(LaneBlock block) => new(this, block, lanes);

    /// <summary>Computes the lanes of some blocks.</summary>
    /// <param name="blocks">Which lanes.</param>
    /// <param name="microBatches">The micro-batches of a lane, in order.</param>
    /// <param name="tokensPerStep">Targets of the whole global batch; the loss is their mean.</param>
    /// <param name="cancellation">Asked between lanes.</param>
    /// <returns>One sum per block, in the order given, in memory of this trainer that is valid until the next call.</returns>
    public IReadOnlyList<KeyValuePair<LaneBlock, GradientSum>> Compute(
        IEnumerable<LaneBlock> blocks, Func<int, IEnumerable<TokenBatch>> microBatches, long tokensPerStep, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(blocks);
        ArgumentNullException.ThrowIfNull(microBatches);
        Reclaim();
        var sums = new List<KeyValuePair<LaneBlock, GradientSum>>();
        foreach (var block in blocks)
        {
            using var gradient = Begin(block);
            while (!gradient.IsComplete)
            {
                cancellation.ThrowIfCancellationRequested();
                gradient.Add(microBatches(gradient.NextLane), tokensPerStep);
            }

            var sum = gradient.Take();
            held.Add(sum.Gradient);
            sums.Add(new(block, sum));
        }

        return sums;
    }

    /// <summary>Gradient of one lane, left in the replica's flat gradient.</summary>
    /// <returns>The lane's part of the mean loss of the global batch.</returns>
    public double Gradient(IEnumerable<TokenBatch> microBatches, long tokensPerStep)
    {
        ArgumentNullException.ThrowIfNull(microBatches);
        using var _ = ComputeThreads.OneForTorch();
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

        return any ? loss : throw new InvariantException("A lane has no micro-batch, so it has no gradient.");
    }

    /// <summary>Gives back what the last <see cref="Compute"/> returned.</summary>
    public void Dispose() => Reclaim();

    /// <summary>Gives the replica other memory if its present gradient is held by someone.</summary>
    internal void MakeRoom()
    {
        if (!isHeld)
            return;
        model.Parameters.ExchangeGradients(memory.Rent());
        isHeld = false;
    }

    /// <summary>The replica's present gradient, which now belongs to whoever asked.</summary>
    internal Tensor HoldGradient()
    {
        isHeld = true;
        return model.Parameters.Gradients;
    }

    /// <summary>Takes back what <see cref="HoldGradient"/> gave.</summary>
    internal void Free(Tensor gradient)
    {
        // What the replica still computes into stays with it.
        if (ReferenceEquals(gradient, model.Parameters.Gradients))
            isHeld = false;
        else
            memory.Return(gradient);
    }

    /// <summary>The replica's vector of the pool, for its end; null if someone else holds it.</summary>
    internal Tensor? LastVector() => isHeld ? null : model.Parameters.Gradients;

    private void Reclaim()
    {
        foreach (var gradient in held)
            Free(gradient);
        held.Clear();
    }
}

using ActorTrain.Models.Lanes;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Models.Steps;

/// <summary>What some lanes contribute to a step.</summary>
/// <param name="Gradient">Flat gradient, laid out as the parameters. It belongs to whoever made it and is valid until its next step.</param>
/// <param name="Loss">The lanes' part of the mean loss of the global batch, in nats per token.</param>
public sealed record GradientSum(Tensor Gradient, double Loss)
{
    /// <summary>Adds <paramref name="right"/> into the memory of <paramref name="left"/>: the addition of the lane tree.</summary>
    public static GradientSum Add(GradientSum left, GradientSum right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        using var _ = no_grad();
        left.Gradient.add_(right.Gradient);
        return left with { Loss = left.Loss + right.Loss };
    }
}

/// <summary>Computes lanes, one after another, on one model replica, and sums them along the lane tree as far as its lanes reach.</summary>
/// <remarks>No thread or actor in it: whoever calls decides where it runs. A lane's bits depend on its batches, the weights and the numeric
/// fingerprint alone.</remarks>
public sealed class LaneTrainer : IDisposable
{
    private readonly Transformer model;
    private readonly int lanes;
    private readonly Stack<Tensor> spare = [];
    private readonly List<Tensor> held = [];

    /// <summary>Makes a trainer over a replica.</summary>
    /// <param name="model">The replica; not owned.</param>
    /// <param name="lanes">Lanes of the global batch, a power of two.</param>
    public LaneTrainer(Transformer model, int lanes)
    {
        this.model = model;
        this.lanes = lanes;
    }

    /// <summary>Computes the lanes of some blocks.</summary>
    /// <param name="blocks">Which lanes.</param>
    /// <param name="microBatches">The micro-batches of a lane, in order.</param>
    /// <param name="tokensPerStep">Targets of the whole global batch; the loss is their mean.</param>
    /// <param name="cancellation">Asked between lanes.</param>
    /// <returns>One sum per block, in lane order, in memory of this trainer that is valid until the next call.</returns>
    public IReadOnlyList<KeyValuePair<LaneBlock, GradientSum>> Compute(
        IEnumerable<LaneBlock> blocks, Func<int, IEnumerable<TokenBatch>> microBatches, long tokensPerStep, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(blocks);
        ArgumentNullException.ThrowIfNull(microBatches);
        Reclaim();
        var tree = new LaneTree<GradientSum>(lanes, Merge);
        foreach (var lane in blocks.SelectMany(static block => Enumerable.Range(block.First, block.Count)))
        {
            cancellation.ThrowIfCancellationRequested();
            var leaf = new LaneBlock(lane, 1);
            var loss = Gradient(microBatches(lane), tokensPerStep);

            // The replica's own gradient is overwritten by the next lane. A lane whose left sibling waits is added to it at once; any other
            // is copied aside.
            var gradient = tree.Holds(leaf.Sibling) && !leaf.IsLeft ? model.Parameters.Gradients : Copy(model.Parameters.Gradients);
            tree.Add(leaf, new GradientSum(gradient, loss));
        }

        held.AddRange(tree.Waiting.Select(static pair => pair.Value.Gradient));
        return [.. tree.Waiting];
    }

    /// <summary>Gradient of one lane, left in the replica's flat gradient.</summary>
    /// <returns>The lane's part of the mean loss of the global batch.</returns>
    public double Gradient(IEnumerable<TokenBatch> microBatches, long tokensPerStep)
    {
        ArgumentNullException.ThrowIfNull(microBatches);
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

    /// <inheritdoc/>
    public void Dispose()
    {
        Reclaim();
        foreach (var buffer in spare)
            buffer.Dispose();
    }

    private GradientSum Merge(GradientSum left, GradientSum right)
    {
        var sum = GradientSum.Add(left, right);
        if (!ReferenceEquals(right.Gradient, model.Parameters.Gradients))
            spare.Push(right.Gradient);
        return sum;
    }

    private Tensor Copy(Tensor gradient)
    {
        // With one lane there is nobody to overwrite it.
        if (lanes == 1)
            return gradient;
        var copy = spare.Count > 0 ? spare.Pop() : empty_like(gradient).DetachFromDisposeScope();
        copy.copy_(gradient);
        return copy;
    }

    private void Reclaim()
    {
        foreach (var buffer in held.Where(buffer => !ReferenceEquals(buffer, model.Parameters.Gradients)))
            spare.Push(buffer);
        held.Clear();
    }
}

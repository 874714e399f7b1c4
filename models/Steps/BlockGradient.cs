using ActorTrain.Models.Batches;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Objectives;
using ActorTrain.Models.PostTraining.Policies;
using ActorTrain.Models.Storage;
using static TorchSharp.torch;

namespace ActorTrain.Models.Steps;

/// <param name="Loss">Its part of the mean loss of the global batch, in nats per token.</param>
/// <param name="Hash">Hash of its gradient, if requested.</param>
/// <param name="Policy">Of its tokens, for a policy.</param>
public sealed record LaneMeasure(double Loss, ulong? Hash, PolicyFigures? Policy = null);

/// <summary>Computes the gradient of a block of lanes, lane by lane or several at once, so that the caller can do other work in
/// between.</summary>
/// <remarks>Owns its vectors, from the pool, until the sum is taken or it is disposed of. A lane's gradient is never copied. For a block of
/// n lanes, at most log₂ n + 1 vectors are held. Waiting vectors have a checksum, verified when they are added to.</remarks>
public sealed class BlockGradient : IDisposable
{
    private readonly LaneTrainer trainer;
    private readonly GradientPool memory;
    private readonly LaneTree<GradientSum> tree;

    /// <param name="lanes">Lanes of the global batch, a power of two.</param>
    /// <param name="trainer">Not owned.</param>
    /// <param name="memory">Not owned.</param>
    public BlockGradient(LaneBlock block, int lanes, LaneTrainer trainer, GradientPool memory)
    {
        if (!block.IsAligned || block.End > lanes)
            throw new InvariantException($"Lanes {block} are not a node of the tree over {lanes} lanes.");
        (this.trainer, this.memory) = (trainer, memory);
        Block = block;
        NextLane = block.First;
        tree = new LaneTree<GradientSum>(lanes, Merge);
    }

    public LaneBlock Block { get; }

    /// <summary>The next lane to compute; the block's end after the last.</summary>
    public int NextLane { get; private set; }

    public bool IsComplete => NextLane == Block.End;

    /// <summary>Computes the next lane and adds it along the lane tree.</summary>
    /// <param name="tokensPerStep">Targets, or pairs, of the global batch; the loss is their mean.</param>
    public LaneMeasure Add(IEnumerable<TokenBatch> microBatches, long tokensPerStep, bool hashed = false)
    {
        var part = default(LossPart);
        var hash = Add(1, hashed, gradient => (part = trainer.Compute(gradient, microBatches, tokensPerStep)).Loss);
        return new LaneMeasure(part.Loss, hash, part.Policy);
    }

    /// <summary>Computes the next lanes, a node of the lane tree, in one pass and adds them along it.</summary>
    /// <param name="lanes">The only micro-batch of each.</param>
    /// <param name="tokensPerStep">Targets, or pairs, of the global batch; the loss is their mean.</param>
    public IReadOnlyList<LaneMeasure> Add(IReadOnlyList<TokenBatch> lanes, long tokensPerStep)
    {
        IReadOnlyList<double> losses = [];
        Add(lanes.Count, hashed: false, gradient =>
        {
            losses = trainer.Compute(gradient, lanes, tokensPerStep);
            return AlongTree(losses);
        });
        return [.. losses.Select(static loss => new LaneMeasure(loss, null))];
    }

    private ulong? Add(int count, bool hashed, Func<Tensor, double> compute)
    {
        var lanes = new LaneBlock(NextLane, count);
        if (!lanes.IsAligned || !Block.Contains(lanes))
            throw new InvariantException($"Lanes {lanes} are not a node of {Block}, of which {NextLane - Block.First} are computed.");
        var gradient = memory.Rent();
        double loss;
        try
        {
            loss = compute(gradient);
        }
        catch
        {
            memory.Return(gradient);
            throw;
        }

        // Lanes whose sibling waits are added at once.
        var checksum = hashed || !tree.Holds(lanes.Sibling) ? FlatChecksum.Of(gradient) : null;
        tree.Add(lanes, new GradientSum(gradient, loss, checksum, lanes));
        NextLane += count;
        return hashed ? checksum!.Hash : null;
    }

    private static double AlongTree(IReadOnlyList<double> losses)
    {
        var tree = new LaneTree<double>(losses.Count, static (left, right) => left + right);
        for (var lane = 0; lane < losses.Count; lane++)
            tree.Add(new LaneBlock(lane, 1), losses[lane]);
        return tree.Total();
    }

    /// <summary>Vectors that wait to be added to.</summary>
    public IEnumerable<Tensor> Resting => tree.Waiting.Select(static pair => pair.Value.Gradient);

    /// <summary>The sum over the block with its checksum; the caller must return it to the pool.</summary>
    public GradientSum Take()
    {
        if (!IsComplete || tree.Waiting.FirstOrDefault() is not { Value: { } sum })
            throw new InvariantException($"Lanes {Block} are not all computed, or their sum was already taken.");
        tree.Reset();
        return sum;
    }

    public void Dispose()
    {
        foreach (var (_, sum) in tree.Waiting)
            memory.Return(sum.Gradient);
        tree.Reset();
    }

    // The tree has released both.
    private GradientSum Merge(GradientSum left, GradientSum right)
    {
        try
        {
            var sum = GradientSum.Add(left, right);
            memory.Return(right.Gradient);
            return sum;
        }
        catch
        {
            memory.Return(left.Gradient);
            memory.Return(right.Gradient);
            throw;
        }
    }
}

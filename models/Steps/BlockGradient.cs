using ActorTrain.Models.Lanes;
using ActorTrain.Models.Storage;
using static TorchSharp.torch;

namespace ActorTrain.Models.Steps;

/// <summary>What is known of one lane.</summary>
/// <param name="Loss">Its part of the mean loss of the global batch, in nats per token.</param>
/// <param name="Hash">Hash of its gradient, where that was wanted.</param>
public sealed record LaneMeasure(double Loss, ulong? Hash);

/// <summary>The gradient of one block of lanes in the making, lane by lane: whoever computes it may do other things between two
/// lanes.</summary>
/// <remarks>It owns the vectors in it, from the pool, until the sum is taken or it is disposed of. A lane's gradient is never copied. Of a
/// block of n lanes, at most log₂ n + 1 vectors are held at a time. What is put to rest meanwhile has a checksum, which is held against it
/// when it is added to.</remarks>
public sealed class BlockGradient : IDisposable
{
    private readonly LaneTrainer trainer;
    private readonly GradientPool memory;
    private readonly LaneTree<GradientSum> tree;

    /// <param name="lanes">Lanes of the global batch, a power of two.</param>
    /// <param name="trainer">Computes them; not owned.</param>
    /// <param name="memory">Where vectors come from; not owned.</param>
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

    /// <summary>The lane to be computed next; the block's end when all are.</summary>
    public int NextLane { get; private set; }

    /// <summary>Whether all its lanes are computed.</summary>
    public bool IsComplete => NextLane == Block.End;

    /// <summary>Computes the next lane and adds it along the lane tree.</summary>
    /// <param name="tokensPerStep">Targets of the whole global batch; the loss is their mean.</param>
    public LaneMeasure Add(IEnumerable<TokenBatch> microBatches, long tokensPerStep, bool hashed = false)
    {
        if (IsComplete)
            throw new InvariantException($"All lanes of {Block} are already computed.");
        var lane = new LaneBlock(NextLane, 1);
        var gradient = memory.Rent();
        double loss;
        try
        {
            loss = trainer.Compute(gradient, microBatches, tokensPerStep);
        }
        catch
        {
            memory.Return(gradient);
            throw;
        }

        // One whose sibling waits is added at once.
        var checksum = hashed || !tree.Holds(lane.Sibling) ? FlatChecksum.Of(gradient) : null;
        tree.Add(lane, new GradientSum(gradient, loss, checksum, lane));
        NextLane++;
        return new LaneMeasure(loss, hashed ? checksum!.Hash : null);
    }

    /// <summary>The vectors that rest until others are added to them.</summary>
    public IEnumerable<Tensor> Resting => tree.Waiting.Select(static pair => pair.Value.Gradient);

    /// <summary>The sum over the block with its checksum, which is the caller's from now on, to be given back to the pool.</summary>
    public GradientSum Take()
    {
        if (!IsComplete || tree.Waiting.FirstOrDefault() is not { Value: { } sum })
            throw new InvariantException($"Lanes {Block} are not all computed, or their sum was already taken.");
        tree.Reset();
        return sum;
    }

    /// <summary>Gives back what was summed so far.</summary>
    public void Dispose()
    {
        foreach (var (_, sum) in tree.Waiting)
            memory.Return(sum.Gradient);
        tree.Reset();
    }

    // The tree has let go of both.
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

using ActorTrain.Models.Lanes;
using ActorTrain.Models.Storage;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Models.Steps;

/// <summary>What some lanes contribute to a step.</summary>
/// <param name="Gradient">Flat gradient, laid out as the parameters.</param>
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

/// <summary>What is known of one lane.</summary>
/// <param name="Loss">Its part of the mean loss of the global batch, in nats per token.</param>
/// <param name="Hash">Hash of its gradient, where that was wanted.</param>
public sealed record LaneMeasure(double Loss, ulong? Hash);

/// <summary>The gradient of one block of lanes in the making, lane by lane: whoever computes it may do other things between two lanes.</summary>
/// <remarks>A lane's gradient is never copied: the replica computes the next one into other memory. Of a block of n lanes, at most
/// log₂ n + 1 vectors are held at a time.</remarks>
public sealed class BlockGradient : IDisposable
{
    private readonly LaneTrainer trainer;
    private readonly LaneTree<GradientSum> tree;

    internal BlockGradient(LaneTrainer trainer, LaneBlock block, int lanes)
    {
        if (!block.IsAligned || block.End > lanes)
            throw new InvariantException($"Lanes {block} are no node of the tree over {lanes} lanes.");
        this.trainer = trainer;
        Block = block;
        NextLane = block.First;
        tree = new LaneTree<GradientSum>(lanes, Merge);
    }

    /// <summary>Which lanes.</summary>
    public LaneBlock Block { get; }

    /// <summary>The lane to be computed next; the block's end when all are.</summary>
    public int NextLane { get; private set; }

    /// <summary>Whether all its lanes are computed.</summary>
    public bool IsComplete => NextLane == Block.End;

    /// <summary>Computes the next lane and adds it along the lane tree.</summary>
    /// <param name="microBatches">The lane's micro-batches, in order.</param>
    /// <param name="tokensPerStep">Targets of the whole global batch; the loss is their mean.</param>
    /// <param name="hashed">Whether the hash of the lane's own gradient is wanted.</param>
    public LaneMeasure Add(IEnumerable<TokenBatch> microBatches, long tokensPerStep, bool hashed = false)
    {
        if (IsComplete)
            throw new InvariantException($"All of lanes {Block} are computed already.");
        trainer.MakeRoom();
        var loss = trainer.Gradient(microBatches, tokensPerStep);
        var gradient = trainer.HoldGradient();
        var measure = new LaneMeasure(loss, hashed ? StateHash.Of(gradient) : null);
        tree.Add(new LaneBlock(NextLane, 1), new GradientSum(gradient, loss));
        NextLane++;
        return measure;
    }

    /// <summary>The sum over the block, which is the caller's from now on, to be given back to the pool.</summary>
    public GradientSum Take()
    {
        if (!IsComplete || tree.Waiting.FirstOrDefault() is not { Value: { } sum })
            throw new InvariantException($"Lanes {Block} are not all computed, or their sum was taken already.");
        tree.Reset();
        return sum;
    }

    /// <summary>Gives back what was summed so far.</summary>
    public void Dispose()
    {
        foreach (var (_, sum) in tree.Waiting)
            trainer.Free(sum.Gradient);
        tree.Reset();
    }

    private GradientSum Merge(GradientSum left, GradientSum right)
    {
        var sum = GradientSum.Add(left, right);
        trainer.Free(right.Gradient);
        return sum;
    }
}

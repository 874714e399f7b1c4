using ActorTrain.Models.Kernels;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Numerics;
using ActorTrain.Models.Storage;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Models.Steps;

/// <summary>What some lanes contribute to a step.</summary>
/// <param name="Gradient">Flat gradient, laid out as the parameters.</param>
/// <param name="Loss">The lanes' part of the mean loss of the global batch, in nats per token.</param>
/// <param name="Checksum">Checksum that the gradient had when it was written; null where it did not rest since, or nobody knows.</param>
/// <param name="Lanes">Which lanes, where that is known.</param>
public sealed record GradientSum(Tensor Gradient, double Loss, FlatChecksum? Checksum = null, LaneBlock? Lanes = null)
{
    /// <summary>Adds <paramref name="right"/> into the memory of <paramref name="left"/>: the addition of the lane tree. Checksums that are known are
    /// held against what is read.</summary>
    /// <exception cref="CorruptionException">An operand changed in memory; what the left one's holds now is worth nothing.</exception>
    public static GradientSum Add(GradientSum left, GradientSum right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        return left with { Loss = left.Loss + right.Loss, Checksum = AddGradients(left, right), Lanes = left.Lanes?.Parent };
    }

    private static FlatChecksum AddGradients(GradientSum left, GradientSum right)
    {
        if (left.Gradient.device.type != DeviceType.CPU)
        {
            using var _ = no_grad();
            left.Checksum?.Verify(left.Gradient, FlatPlace.LaneGradient, left.Lanes);
            right.Checksum?.Verify(right.Gradient, FlatPlace.LaneGradient, right.Lanes);
            left.Gradient.add_(right.Gradient, Scalars.One);
            return FlatChecksum.Of(left.Gradient);
        }

        var count = left.Gradient.numel();
        var blocks = FlatSums.BlocksOf(count);
        var (ofLeft, ofRight, ofSum) = (new ulong[blocks], new ulong[blocks], new ulong[blocks]);
        FlatSums.Add(
            count, left.Gradient.Address(), right.Gradient.Address(), left.Gradient.Address(),
            new SumReport { Left = ofLeft, Right = ofRight, Sum = ofSum, Parallel = true });
        GC.KeepAlive(left.Gradient);
        GC.KeepAlive(right.Gradient);
        left.Checksum?.Verify(ofLeft, FlatPlace.LaneGradient, left.Lanes);
        right.Checksum?.Verify(ofRight, FlatPlace.LaneGradient, right.Lanes);
        return new FlatChecksum(ofSum);
    }
}

/// <summary>What is known of one lane.</summary>
/// <param name="Loss">Its part of the mean loss of the global batch, in nats per token.</param>
/// <param name="Hash">Hash of its gradient, where that was wanted.</param>
public sealed record LaneMeasure(double Loss, ulong? Hash);

/// <summary>The gradient of one block of lanes in the making, lane by lane: whoever computes it may do other things between two lanes.</summary>
/// <remarks>A lane's gradient is never copied: the replica computes the next one into other memory. Of a block of n lanes, at most
/// log₂ n + 1 vectors are held at a time. What is put to rest meanwhile has a checksum, which is held against it when it is added to.</remarks>
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
        var lane = new LaneBlock(NextLane, 1);
        var gradient = trainer.HoldGradient();

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

    // The tree has let go of both.
    private GradientSum Merge(GradientSum left, GradientSum right)
    {
        try
        {
            var sum = GradientSum.Add(left, right);
            trainer.Free(right.Gradient);
            return sum;
        }
        catch (CorruptionException)
        {
            trainer.Free(left.Gradient);
            trainer.Free(right.Gradient);
            throw;
        }
    }
}

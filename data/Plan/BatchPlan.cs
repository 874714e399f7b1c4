using System.Numerics;
using ActorTrain.Models.Plan;

namespace ActorTrain.Data.Plan;

/// <summary>One sample that a step consumes.</summary>
/// <param name="Position">In the endless sample stream; used by skips and the sample ledger.</param>
/// <param name="Sample">Index in the training part: 0 … samples−1.</param>
public readonly record struct PlannedSample(long Position, long Epoch, long Sample);

/// <summary>Which samples each lane of each step trains on: a function of (seed, step, skip list), without state.</summary>
/// <remarks>The sample stream is the endless sequence of positions p = 0, 1, 2, …; position p is in epoch p / samples, and each epoch is a
/// permutation of all samples. A step consumes the next <see cref="BatchSize"/> positions that are not skipped; lane l gets the l-th of
/// equal contiguous parts of them. The batch of a step is therefore the same for any number of lanes.</remarks>
public sealed class BatchPlan
{
    private readonly ulong seed;

    /// <param name="samples">Samples of the training part, at least 1.</param>
    /// <param name="lanes">A power of two that divides the batch size.</param>
    /// <exception cref="ArgumentException">The numbers are inconsistent.</exception>
    public BatchPlan(ulong seed, long samples, int batchSize, int lanes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(samples, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        if (lanes < 1 || !BitOperations.IsPow2(lanes))
            throw new ArgumentException($"The number of lanes must be a power of two, not {lanes}.", nameof(lanes));
        if (batchSize % lanes != 0)
            throw new ArgumentException($"A batch of {batchSize} cannot be split into {lanes} equal lanes.", nameof(lanes));
        this.seed = seed;
        SampleCount = samples;
        BatchSize = batchSize;
        Lanes = lanes;
    }

    public long SampleCount { get; }

    public int BatchSize { get; }

    public int Lanes { get; }

    public int LaneSize => BatchSize / Lanes;

    /// <summary>The <see cref="LaneSize"/> samples of one lane in a step, in order.</summary>
    /// <param name="step">From 0.</param>
    /// <param name="lane">From 0.</param>
    public PlannedSample[] Samples(long step, int lane, SkipList skips)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lane);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(lane, Lanes);
        return Ordinals(step, lane * LaneSize, LaneSize, skips);
    }

    /// <summary>The <see cref="BatchSize"/> samples of a step, in lane order.</summary>
    /// <param name="step">From 0.</param>
    public PlannedSample[] Samples(long step, SkipList skips) => Ordinals(step, 0, BatchSize, skips);

    public PlannedSample At(long position)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        var (epoch, index) = Math.DivRem(position, SampleCount);
        return new PlannedSample(position, epoch, new EpochPermutation(seed, epoch, SampleCount)[index]);
    }

    private PlannedSample[] Ordinals(long step, int offset, int count, SkipList skips)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        var first = checked(step * BatchSize) + offset;
        var samples = new PlannedSample[count];
        for (var i = 0; i < count; i++)
            samples[i] = At(skips.PositionOf(first + i));
        return samples;
    }
}

using System.Numerics;
using ActorTrain.Models.Plan;

namespace ActorTrain.Data.Plan;

/// <summary>One sample that a step consumes.</summary>
/// <param name="Position">Its place in the endless sample stream, by which skips and the sample ledger name it.</param>
/// <param name="Sample">Which sample of the training part: 0 … samples−1.</param>
public readonly record struct PlannedSample(long Position, long Epoch, long Sample);

/// <summary>Which samples each lane of each step trains on: a function of (seed, step, skip list), with no state to save or lose.</summary>
/// <remarks>The sample stream is the endless sequence of positions p = 0, 1, 2, …; position p is in epoch p / samples, and each epoch goes
/// through all samples once in an order of its own. A step consumes the next <see cref="BatchSize"/> positions that are not skipped; lane l
/// gets the l-th of equal contiguous parts of them. The batch of a step is therefore the same for any number of lanes.</remarks>
public sealed class BatchPlan
{
    private readonly ulong seed;

    /// <summary>Makes the plan of a run.</summary>
    /// <param name="samples">Samples of the training part, at least 1.</param>
    /// <param name="lanes">A power of two that divides the batch size.</param>
    /// <exception cref="ArgumentException">The numbers do not fit together.</exception>
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

    /// <summary>Samples per step, over all lanes.</summary>
    public int BatchSize { get; }

    public int Lanes { get; }

    public int LaneSize => BatchSize / Lanes;

    /// <summary>What one lane trains on in a step, in order: <see cref="LaneSize"/> samples.</summary>
    /// <param name="step">The step, from 0.</param>
    /// <param name="lane">The lane, from 0.</param>
    public PlannedSample[] Samples(long step, int lane, SkipList skips)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lane);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(lane, Lanes);
        return Ordinals(step, lane * LaneSize, LaneSize, skips);
    }

    /// <summary>What a whole step trains on, in order: <see cref="BatchSize"/> samples, lane after lane.</summary>
    /// <param name="step">The step, from 0.</param>
    public PlannedSample[] Samples(long step, SkipList skips) => Ordinals(step, 0, BatchSize, skips);

    /// <summary>The sample at a position of the stream.</summary>
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

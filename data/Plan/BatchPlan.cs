using System.Numerics;
using ActorTrain.Models.Plan;

namespace ActorTrain.Data.Plan;

/// <summary>One sample that a step consumes.</summary>
/// <param name="Position">In the endless sample stream; used by skips and the sample ledger.</param>
/// <param name="Sample">Index in the training part: 0 … samples−1.</param>
public readonly record struct PlannedSample(long Position, long Epoch, long Sample);

/// <summary>Which samples each lane of each step trains on: a function of (seed, step, skip list), without state.</summary>
/// <remarks>The sample stream is the endless sequence of positions p = 0, 1, 2, …; position p is in epoch p / samples, and each epoch is a
/// permutation of all samples. A batch is the next <see cref="BatchSize"/> positions that are not skipped, and a step trains on the next
/// batch, or, where the schedule says so, on an earlier one again; lane l gets the l-th of equal contiguous parts of them. The batch of a
/// step is therefore the same for any number of lanes.</remarks>
public sealed class BatchPlan
{
    private readonly ulong seed;
    private readonly RolloutSchedule schedule;

    /// <param name="samples">Samples of the training part, at least 1.</param>
    /// <param name="lanes">A power of two that divides the batch size.</param>
    /// <param name="schedule">Which batch a step trains on; null: each its own.</param>
    /// <exception cref="ArgumentException">The numbers are inconsistent.</exception>
    public BatchPlan(ulong seed, long samples, int batchSize, int lanes, RolloutSchedule? schedule = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(samples, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        if (lanes < 1 || !BitOperations.IsPow2(lanes))
            throw new ArgumentException($"The number of lanes must be a power of two, not {lanes}.", nameof(lanes));
        if (batchSize % lanes != 0)
            throw new ArgumentException($"A batch of {batchSize} cannot be split into {lanes} equal lanes.", nameof(lanes));
        this.seed = seed;
        this.schedule = schedule ?? RolloutSchedule.OnPolicy;
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

    /// <summary>How many samples the batches of the first <paramref name="steps"/> steps have.</summary>
    public long SamplesIn(long steps) => checked(schedule.BatchesIn(steps) * BatchSize);

    /// <summary>Whether a step is the first that trains on its batch.</summary>
    public bool IsFirst(long step) => schedule.FirstStepOf(step) == step;

    /// <summary>The first and the last position that steps from one to before another train on.</summary>
    public (long First, long Last) Span(long from, long before, SkipList skips)
    {
        var (first, last) = schedule.BatchesOf(from, before);
        return (skips.PositionOf(first * BatchSize), skips.PositionOf(((last + 1) * BatchSize) - 1));
    }

    public PlannedSample At(long position)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        var (epoch, index) = Math.DivRem(position, SampleCount);
        return new PlannedSample(position, epoch, new EpochPermutation(seed, epoch, SampleCount)[index]);
    }

    private PlannedSample[] Ordinals(long step, int offset, int count, SkipList skips)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        var first = checked(schedule.BatchOf(step) * BatchSize) + offset;
        var samples = new PlannedSample[count];
        for (var i = 0; i < count; i++)
            samples[i] = At(skips.PositionOf(first + i));
        return samples;
    }
}

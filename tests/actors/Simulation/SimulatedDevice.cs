using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Snapshots;
using ActorTrain.Actors.Training;
using ActorTrain.Models;
using ActorTrain.Models.Evaluation;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Storage;

namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>A device whose weights are 64 bits.</summary>
internal sealed class SimulatedDevice(TrainerKey key, SimulatedWorld world) : ITrainerDevice
{
    private const int EvaluationBatches = 2;

    private readonly List<ulong> lanes = [];
    private readonly List<double> losses = [];
    private readonly List<long> positions = [];
    private readonly List<(int Lane, ulong Hash)> witnesses = [];
    private LaneBlock? block;
    private bool isPoisoned;
    private double updateNorm;
    private int batchesLeft;
    private ulong state;
    private long step = -1;

    // Of divided optimizer state: moments of own shards, each of which is the state itself.
    private OwnedShards? owned;
    private ulong[] moments = [];
    private Round? updated;

    /// <summary>Whether it computes wrong bits.</summary>
    public bool IsFaulty { get; set; } = world.BrokenMachines.Contains(key.Number);

    /// <summary>Whether it applies the next update wrong.</summary>
    public bool Misapplies { get; set; }

    /// <summary>Its weights.</summary>
    public ulong State => state;

    private ulong Error => IsFaulty ? 2UL << key.Number : 0;

    public string? Load(StateSource source, long atStep, OwnedShards? shards)
    {
        switch (source)
        {
            case FreshState:
                state = Arithmetic.Seed;
                break;
            case SnapshotState snapshot when world.Plane.Slots[snapshot.Slot] != (snapshot.Hash, atStep):
                return "The snapshot is another one.";
            case SnapshotState snapshot:
                state = snapshot.Hash;
                break;
            case CheckpointState when world.Disk.Checkpoints.TryGetValue(atStep, out var saved):
                state = saved;
                break;
            case CheckpointState:
                return "The checkpoint is gone.";
        }

        (step, owned, updated) = (atStep, shards, null);
        moments = owned is null ? [] : [.. owned.Numbers.Select(_ => state)];
        world.Invariants.CheckState(key, step, state);
        return null;
    }

    public void Begin(LaneBlock block)
    {
        GiveUp();
        this.block = block;
    }

    public void GiveUp()
    {
        block = null;
        lanes.Clear();
        losses.Clear();
        positions.Clear();
        witnesses.Clear();
        (isPoisoned, updateNorm) = (false, 0);
    }

    public int LanesAtOnce => Math.Min(world.LanesAtOnce, 1 << (key.Number % 3));

    public void ComputeLanes(long batchStep, LaneBlock next, SkipList skips, bool isRedundant)
    {
        if (block is not { } underway || next.First != underway.First + lanes.Count || !underway.Contains(next) || !next.IsAligned)
            throw new InvariantException($"Lanes {next} are not the next of the block under way.");
        if (isRedundant && next.Count > 1)
            throw new InvariantException($"Lanes {next} cannot be hashed together.");
        for (var lane = next.First; lane < next.End; lane++)
            ComputeLane(batchStep, lane, skips, isRedundant);
    }

    private void ComputeLane(long batchStep, int lane, SkipList skips, bool isRedundant)
    {
        var read = world.Data.Positions(batchStep, lane, skips);
        var gradient = Arithmetic.Lane(state ^ (world.NeedsRollouts ? world.Learned(read, state) : 0), read);
        lanes.Add(gradient);
        losses.Add(world.Data.LossOf(read) / world.Data.Lanes);
        positions.AddRange(read);
        isPoisoned |= read.Any(world.Data.IsPoison);
        updateNorm = Math.Max(updateNorm, world.Data.UpdateOf(read));
        if (isRedundant)
            witnesses.Add((lane, gradient ^ Error));
    }

    public BlockResult? Publish(Round round)
    {
        var (lanesOf, poison, norm) = (block!.Value, isPoisoned, updateNorm);
        var result = Take();
        if (world.Plane.Find(round) is not { } sums)
            return null;
        sums.Publish(lanesOf, result.Hash, poison, norm);
        return result;
    }

    public BlockResult Measure(long atStep, double? previewRate) => Take() with { Norm = 1, UpdateNorm = previewRate is null ? null : 1 };

    public double? Preview(Round round, double gradientNorm, double learningRate) =>
        world.Plane.Find(round) is { } sums && sums.Total() is not null ? sums.UpdateNorm + (IsFaulty ? 100 + key.Number : 0) : null;

    public IReadOnlyList<ShardChecksum>? UpdateShards(Round round, double gradientNorm, UpdateAdjustment adjustment)
    {
        if (world.Plane.Find(round) is not { } sums || !UpdateOwn(round, sums, adjustment))
            return null;
        for (var i = 0; i < moments.Length; i++)
            sums.PublishWeights(owned!.Numbers[i], moments[i]);
        return [.. owned!.Numbers.Select((shard, i) => new ShardChecksum(shard, moments[i]))];
    }

    public AppliedUpdate? Apply(Round round, double gradientNorm, UpdateAdjustment adjustment)
    {
        if (owned is not null)
            return Gather(round, adjustment);
        if (world.Plane.Find(round)?.Total() is not { } total)
            return null;
        if (round.Step != step)
            throw new InvariantException($"{key} applies {round} to weights that have seen {step} updates.");
        var before = state;
        state = Arithmetic.Apply(state, total, RateOf(adjustment)) ^ (Misapplies ? 1UL << key.Number : 0);
        (Misapplies, step) = (false, step + 1);
        world.Invariants.CheckUpdate(key, round, before, state, RateOf(adjustment));
        return new AppliedUpdate(state, null);
    }

    public CopiedState? Copy(CopyState copy)
    {
        if (copy.Step != step || updated is not null)
            throw new InvariantException($"{key} is at step {step}, and its state is copied as that of step {copy.Step}.");
        if (copy.Shards is { } part)
        {
            if (part.Numbers.Any(shard => !owned!.Numbers.Contains(shard)))
                throw new InvariantException($"{key} owns shards {owned}, and copies {part}.");
            return new CopiedState(world.Plane.Copy(copy, state), state);
        }

        if (owned is not null)
            throw new InvariantException($"{key} has shards {owned} alone, and copies a whole state.");
        world.Plane.Slots[copy.Slot] = (state, step);
        return new CopiedState(state, state);
    }

    public CopiedState? Copy(ISnapshots into, long atStep) => null;

    public void BeginEvaluation() => batchesLeft = EvaluationBatches;

    public ValidationLoss? EvaluateBatch() => --batchesLeft > 0 ? null : new ValidationLoss(state % 1000 / 1000.0, 1, 1);

    public void Dispose() => GiveUp();

    private bool UpdateOwn(Round round, SimulatedPlane.RoundSums sums, UpdateAdjustment adjustment)
    {
        if (updated == round)
            return true;
        if (round.Step != step || updated is not null)
            throw new InvariantException($"{key} applies {round} to shards that have seen {step} updates, or {updated}.");
        if (sums.Total() is not { } total)
            return false;
        for (var i = 0; i < moments.Length; i++)
            moments[i] = Arithmetic.Apply(moments[i], total, RateOf(adjustment)) ^ (Misapplies ? 1UL << key.Number : 0);
        (Misapplies, updated) = (false, round);
        return true;
    }

    private AppliedUpdate? Gather(Round round, UpdateAdjustment adjustment)
    {
        if (world.Plane.Find(round) is not { } sums || sums.Weights() is not { } weights || !UpdateOwn(round, sums, adjustment))
            return null;
        for (var i = 0; i < moments.Length; i++)
        {
            if (moments[i] != weights[owned!.Numbers[i]])
                throw new CorruptionException(FlatPlace.Weights, 0, weights[owned.Numbers[i]], moments[i], null);
        }

        if (weights.Distinct().Count() > 1)
            throw new InvariantException($"The shards of {round} were updated from other states.");
        var before = state;
        (state, step, updated) = (weights[0], step + 1, null);
        world.Invariants.CheckUpdate(key, round, before, state, RateOf(adjustment));
        return new AppliedUpdate(state, null);
    }

    private static double RateOf(UpdateAdjustment adjustment) => (adjustment.LearningRate ?? 1) * adjustment.RateFactor;

    private BlockResult Take()
    {
        var result = new BlockResult(losses.Sum(), [.. losses], [.. positions], Arithmetic.Fold(lanes) ^ Error)
        {
            StateChecksum = state,
            RedundantLanes = [.. witnesses],
        };
        GiveUp();
        return result;
    }
}

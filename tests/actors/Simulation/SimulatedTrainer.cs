using ActorTrain.Actors.Protocol;
using ActorTrain.Data.Plan;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Plan;

namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>A trainer that keeps to the protocol, on 64 bits of weights. One thing at a time, in the order of its mailbox, lane by lane.</summary>
internal sealed class SimulatedTrainer(
    TrainerKey key, BatchPlan plan, SimulatedPlane plane, Func<long, bool> isPoison, Func<IReadOnlyList<long>, double> lossOf, Func<IReadOnlyList<long>, double> updateOf,
    Action<TrainerReport> say)
{
    private readonly HashSet<(Ticket, LaneBlock)> done = [];
    private readonly Queue<(TrainerCommand Command, LaneBlock Block)> work = new();
    private ulong state;
    private long step = -1;
    private long loaded;

    public TrainerKey Key => key;

    public bool IsDead { get; set; }

    public bool IsHung { get; set; }

    /// <summary>Whether it computes wrong bits.</summary>
    public bool Lies { get; set; }

    /// <summary>Whether it applies the next update wrong.</summary>
    public bool Misapplies { get; set; }

    public Queue<TrainerCommand> Mailbox { get; } = new();

    public bool IsIdle => Mailbox.Count == 0 && work.Count == 0;

    public void Obey(TrainerCommand command)
    {
        switch (command)
        {
            case LoadState load when load.Number == loaded:
                say(new StateLoaded(key, load.Step, load.Number));
                break;
            case LoadState load when load.Number < loaded:
                break;
            case LoadState load:
                Load(load);
                break;
            case ApplyUpdate apply when apply.Round.Step == step:
                if (plane.Find(apply.Round)?.Totals[0] is not { } total)
                {
                    // The run frees a total only when all have applied it: this trainer takes part no longer, and will hear of it.
                    say(new AtAnotherStep(key, step));
                    return;
                }

                state = Arithmetic.Apply(state, total, (apply.Adjustment.LearningRate ?? 1) * apply.Adjustment.RateFactor) ^ (Misapplies ? 1UL << key.Number : 0);
                Misapplies = false;
                step++;
                work.Clear();
                say(new UpdateApplied(key, apply.Round, new AppliedUpdate(state, null)));
                break;
            case ApplyUpdate apply when apply.Round.Step < step:
                say(new UpdateApplied(key, apply.Round, new AppliedUpdate(apply.Round.Step == step - 1 ? state : null, null)));
                break;
            case RecomputeBlock recompute when recompute.Ticket.Round.Step == step:
                work.Enqueue((recompute, recompute.Block));
                break;
            case PreviewUpdate preview when preview.Ticket.Round.Step == step:
                if (plane.Find(preview.Ticket.Round) is { } foreseen && foreseen.Totals[0] is not null)
                    say(new UpdatePreviewed(key, preview.Ticket, preview.Attempt, foreseen.UpdateNorm + (Lies ? 100 + key.Number : 0)));
                break;
            case ComputeLanes compute when compute.Ticket.Round.Step == step:
                foreach (var block in compute.Blocks)
                    work.Enqueue((compute, block));
                break;
            case CopyState copy when copy.Step == step:
                plane.Slots[copy.Slot] = (state, step);
                say(new StateCopied(key, copy.Slot, step, copy.Number, state) { StateChecksum = state });
                break;
            case Evaluate evaluate when evaluate.Step == step:
                say(new Evaluated(key, step, state % 1000, 1, 1));
                break;
            case CancelEvaluation:
                break;
            default:
                say(new AtAnotherStep(key, step));
                break;
        }
    }

    public void ComputeNext()
    {
        var (owed, block) = work.Dequeue();
        if (owed is RecomputeBlock again)
        {
            if (again.Ticket.Round.Step == step)
                say(new BlockRecomputed(key, again.Ticket, block, again.Attempt, Result(block, again.BatchStep, again.Skips, []) with { Norm = 1, UpdateNorm = again.PreviewRate is null ? null : 1 }));
            return;
        }

        var command = (ComputeLanes)owed;
        var ticket = command.Ticket;
        if (ticket.Round.Step != step)
            return;
        IReadOnlyList<long> Read(int lane) => Arithmetic.Positions(plan, step, lane, command.Skips);
        if (done.Add((ticket, block)) && plane.Find(ticket.Round) is { } sums)
        {
            sums.Blocks.TryAdd(block, Compute(block, Read));
            var lanes = Enumerable.Range(block.First, block.Count).Select(Read).ToList();
            sums.IsPoisoned |= lanes.Exists(lane => lane.Any(isPoison));
            sums.UpdateNorm = Math.Max(sums.UpdateNorm, lanes.Max(updateOf));
        }

        say(new LaneComputed(key, ticket, block.First));
        say(new BlockComputed(key, ticket, block, Result(block, step, command.Skips, command.RedundantLanes)));
    }

    private BlockResult Result(LaneBlock block, long batchStep, SkipList skips, IReadOnlyList<int> redundantLanes)
    {
        IReadOnlyList<long> Read(int lane) => Arithmetic.Positions(plan, batchStep, lane, skips);
        var lanes = Enumerable.Range(block.First, block.Count).ToList();
        var losses = lanes.Select(lane => lossOf(Read(lane)) / plan.Lanes).ToList();
        return new BlockResult(losses.Sum(), losses, [.. lanes.SelectMany(Read)], Compute(block, Read))
        {
            StateChecksum = state,
            RedundantLanes = [.. lanes.Where(redundantLanes.Contains).Select(lane => (lane, Compute(new LaneBlock(lane, 1), Read)))],
        };
    }

    private ulong Compute(LaneBlock block, Func<int, IReadOnlyList<long>> read) => Arithmetic.Block(state, block, read) ^ (Lies ? 2UL << key.Number : 0);

    private void Load(LoadState load)
    {
        switch (load.Source)
        {
            case FreshState:
                (state, step) = (Arithmetic.Seed, 0);
                break;
            case SnapshotState snapshot:
                (state, step) = plane.Slots[snapshot.Slot];
                if (state != snapshot.Hash || step != load.Step)
                {
                    step = -1;
                    say(new StateRefused(key, load.Step, load.Number, "The snapshot is another one."));
                    return;
                }

                break;
            case CheckpointState when !plane.Checkpoints.ContainsKey(load.Step):
                step = -1;
                say(new StateRefused(key, load.Step, load.Number, "The checkpoint is gone."));
                return;
            case CheckpointState:
                (state, step) = (plane.Checkpoints[load.Step], load.Step);
                break;
        }

        loaded = load.Number;
        work.Clear();
        say(new StateLoaded(key, step, load.Number));
    }
}

using ActorTrain.Actors.Run;
using ActorTrain.Actors.Training;
using ActorTrain.Data.Plan;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Plan;

namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>A trainer that keeps to the protocol, on 64 bits of weights. One thing at a time, in the order of its mailbox, lane by lane.</summary>
internal sealed class SimulatedTrainer(TrainerKey key, BatchPlan plan, SimulatedPlane plane, Func<long, bool> isPoison, Action<TrainerReport> say)
{
    private readonly HashSet<(Ticket, LaneBlock)> done = [];
    private readonly Queue<(TrainerCommand Command, LaneBlock Block)> work = new();
    private ulong state;
    private long step = -1;
    private long loaded;

    public TrainerKey Key => key;

    public bool IsDead { get; set; }

    public bool IsHung { get; set; }

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

                state = Arithmetic.Apply(state, total);
                step++;
                work.Clear();
                say(new UpdateApplied(key, apply.Round, new AppliedUpdate(state, null)));
                break;
            case ApplyUpdate apply when apply.Round.Step < step:
                say(new UpdateApplied(key, apply.Round, new AppliedUpdate(null, null)));
                break;
            case RecomputeBlock recompute when recompute.Ticket.Round.Step == step:
                work.Enqueue((recompute, recompute.Block));
                break;
            case ComputeLanes compute when compute.Ticket.Round.Step == step:
                foreach (var block in compute.Blocks)
                    work.Enqueue((compute, block));
                break;
            case CopyState copy when copy.Step == step:
                plane.Slots[copy.Slot] = (state, step);
                say(new StateCopied(key, copy.Slot, step, state));
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
                say(new BlockRecomputed(key, again.Ticket, block, again.Attempt, Result(block, again.BatchStep, again.Skips, null) with { Norm = 1 }));
            return;
        }

        var command = (ComputeLanes)owed;
        var ticket = command.Ticket;
        if (ticket.Round.Step != step)
            return;
        IReadOnlyList<long> Read(int lane) => Arithmetic.Positions(plan, step, lane, command.Skips);
        if (done.Add((ticket, block)) && plane.Find(ticket.Round) is { } sums)
        {
            sums.Blocks.TryAdd(block, Arithmetic.Block(state, block, Read));
            sums.IsPoisoned |= Enumerable.Range(block.First, block.Count).SelectMany(Read).Any(isPoison);
        }

        say(new LaneComputed(key, ticket, block.First));
        say(new BlockComputed(key, ticket, block, Result(block, step, command.Skips, command.Witness)));
    }

    private BlockResult Result(LaneBlock block, long batchStep, SkipList skips, int? witness)
    {
        IReadOnlyList<long> Read(int lane) => Arithmetic.Positions(plan, batchStep, lane, skips);
        var lanes = Enumerable.Range(block.First, block.Count).ToList();
        return new BlockResult(1.0 / plan.Lanes * block.Count, [.. lanes.Select(_ => 1.0 / plan.Lanes)], [.. lanes.SelectMany(Read)], Arithmetic.Block(state, block, Read))
        {
            WitnessHash = witness is { } lane && lanes.Contains(lane) ? Arithmetic.Block(state, new LaneBlock(lane, 1), Read) : null,
        };
    }

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
            case CheckpointState:
                (state, step) = (plane.Checkpoints[load.Step], load.Step);
                break;
        }

        loaded = load.Number;
        work.Clear();
        say(new StateLoaded(key, step, load.Number));
    }
}

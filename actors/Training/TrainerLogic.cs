using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Plan;

namespace ActorTrain.Actors.Training;

/// <summary>A trainer's responses to commands, and the order of its work: one lane, or one validation batch, at a time.</summary>
/// <remarks>Without threads or actors. A repeated command is answered again and executed once; one of a finished round is ignored; one that
/// does not match the weights is answered by <see cref="AtAnotherStep"/>.</remarks>
public sealed class TrainerLogic
{
    // Recent commits that may be repeated: more than a run keeps totals for.
    private const int RoundsRemembered = 16;

    private readonly TrainerKey key;
    private readonly ITrainerDevice device;
    private readonly Action<TrainerReport> tell;
    private readonly List<OwedBlock> owed = [];
    private readonly Dictionary<LaneBlock, BlockResult> done = [];
    private readonly Dictionary<Round, AppliedUpdate> updates = [];
    private readonly Queue<Round> applied = [];
    private LoadState? loaded;
    private StateRecord? record;
    private StateCopied? copied;
    private Evaluated? evaluated;
    private long? evaluating;
    private Round? round;

    // Its shards have seen this round's update, and the rest of its weights has not.
    private (Round Round, ShardsUpdated? Report)? halfway;
    private (OwedBlock Owed, int NextLane)? underway;

    /// <param name="device">Not owned.</param>
    public TrainerLogic(TrainerKey key, ITrainerDevice device, Action<TrainerReport> tell)
    {
        this.key = key;
        this.device = device;
        this.tell = tell;
    }

    /// <summary>Updates that the weights have seen; −1 before there is a state.</summary>
    public long Step { get; private set; } = -1;

    /// <summary>What another process needs besides the weights to resume from them; null if it cannot.</summary>
    public StateRecord? Record => record;

    public bool HasWork => owed.Count > 0 || evaluating is not null;

    /// <summary>Executes a command, except for the piecewise work of <see cref="Work"/>.</summary>
    public void Handle(TrainerCommand command)
    {
        // After a rollback a step has another state than before: a command ahead of its state waits for it, one for an earlier state is
        // stale.
        if (command.Load != loaded?.Number && command is { Load: { } meant } and not LoadState)
        {
            if (loaded is null || meant > loaded.Number)
                tell(new AtAnotherStep(key, Step, loaded?.Number));
            return;
        }

        if (halfway is not null && command is not (LoadState or UpdateShards or ApplyUpdate))
            return;
        switch (command)
        {
            case LoadState load:
                Load(load);
                break;
            case ComputeLanes compute:
                Compute(compute);
                break;
            case RecomputeBlock recompute when IsAt(recompute.Ticket.Round.Step):
                Recompute(recompute);
                break;
            case PreviewUpdate preview when IsAt(preview.Ticket.Round.Step):
                Preview(preview);
                break;
            case UpdateShards update:
                Update(update);
                break;
            case ApplyUpdate apply:
                Apply(apply);
                break;
            case CopyState copy when IsAt(copy.Step):
                Copy(copy);
                break;
            case Evaluate evaluate when IsAt(evaluate.Step):
                Begin(evaluate);
                break;
            case CancelEvaluation cancel when evaluating == cancel.Step:
                evaluating = null;
                break;
        }
    }

    /// <summary>Does one piece of work: a validation batch, or a lane.</summary>
    public void Work()
    {
        if (evaluating is not null)
            Measure();
        else if (owed.Count > 0)
            ComputeLanes();
    }

    private void Load(LoadState load)
    {
        // Superseded by a later one.
        if (load.Number < loaded?.Number)
            return;

        // The same again is a repetition: a state that has since advanced must not be reset.
        if (load != loaded)
        {
            if (device.Load(load.Source, load.Step, load.Shards) is { } reason)
            {
                tell(new StateRefused(key, load.Step, load.Number, reason));
                return;
            }

            (loaded, Step, round, record, halfway) = (load, load.Step, null, null, null);
            applied.Clear();
            updates.Clear();
            ForgetStep();
        }

        tell(new StateLoaded(key, load.Step, load.Number));
    }

    private void Compute(ComputeLanes compute)
    {
        var asked = compute.Ticket.Round;
        if (asked.Number < round?.Number || applied.Contains(asked) || !IsAt(asked.Step))
            return;
        if (round != asked)
        {
            ForgetLanes(owed.Where(static other => other.Attempt is not null));
            round = asked;
        }

        foreach (var block in compute.Blocks)
        {
            if (done.TryGetValue(block, out var result))
                tell(new BlockComputed(key, compute.Ticket, block, result));
            else if (!owed.Exists(other => other.Attempt is null && other.Ticket == compute.Ticket && other.Block == block))
                owed.Add(new OwedBlock(compute.Ticket, block, asked.Step, compute.Skips, compute.RedundantLanes, null));
        }
    }

    // Not cached: repeated requests are recomputed. It runs before other work, since a step waits for it.
    private void Recompute(RecomputeBlock command)
    {
        if (owed.Exists(other => other.Attempt == command.Attempt && other.Ticket == command.Ticket && other.Block == command.Block))
            return;
        var wanted = new OwedBlock(command.Ticket, command.Block, command.BatchStep, command.Skips, [], command.Attempt)
        {
            PreviewRate = command.PreviewRate,
        };
        owed.Insert(underway is null ? 0 : 1, wanted);
    }

    // A round whose total is gone is over for all trainers.
    private void Preview(PreviewUpdate preview)
    {
        if (device.Preview(preview.Ticket.Round, preview.GradientNorm, preview.LearningRate) is { } norm)
            tell(new UpdatePreviewed(key, preview.Ticket, preview.Attempt, norm));
    }

    private void Update(UpdateShards update)
    {
        if (applied.Contains(update.Round) || !IsAt(update.Round.Step))
            return;
        if (halfway is { } begun && begun.Round != update.Round)
            throw new InvariantException($"The shards of {key} have seen {begun.Round}, and are to see {update.Round}.");
        if (halfway is null)
            ForgetStep();
        halfway ??= (update.Round, null);
        if (halfway.Value.Report is null
            && device.UpdateShards(update.Round, update.GradientNorm, update.Adjustment) is { } shards)
            halfway = (update.Round, new ShardsUpdated(key, update.Round, shards));
        if (halfway.Value.Report is { } report)
            tell(report);
    }

    private void Apply(ApplyUpdate apply)
    {
        if (!applied.Contains(apply.Round))
        {
            if (halfway is { } begun && begun.Round != apply.Round)
                throw new InvariantException($"The shards of {key} have seen {begun.Round}, and it is to apply {apply.Round}.");

            // A round whose total is gone is over for all trainers.
            if (!IsAt(apply.Round.Step) || device.Apply(apply.Round, apply.GradientNorm, apply.Adjustment) is not { } update)
                return;
            (Step, record, halfway) = (Step + 1, apply.Record, null);
            if (Step != apply.Round.Step + 1)
                throw new InvariantException($"{key} has applied {apply.Round}, and its weights count as those of step {Step}.");
            ForgetStep();
            applied.Enqueue(apply.Round);
            updates.Add(apply.Round, update);
            if (applied.Count > RoundsRemembered)
                updates.Remove(applied.Dequeue());
        }

        tell(new UpdateApplied(key, apply.Round, updates[apply.Round]));
    }

    private void Copy(CopyState copy)
    {
        if (copied?.Number != copy.Number)
            copied = device.Copy(copy) is { } state
                ? new StateCopied(key, copy.Slot, copy.Step, copy.Number, state.Hash) { StateChecksum = state.StateChecksum } : null;
        if (copied is not null)
            tell(copied);
    }

    private void Begin(Evaluate evaluate)
    {
        if (evaluated is not null)
        {
            tell(evaluated);
        }
        else if (evaluating is null)
        {
            evaluating = evaluate.Step;
            device.BeginEvaluation();
        }
    }

    private void Measure()
    {
        var result = device.EvaluateBatch();
        tell(new EvaluationProgressed(key, Step));
        if (result is null)
            return;
        evaluating = null;
        evaluated = new Evaluated(key, Step, result.Loss, result.Perplexity, result.BitsPerByte) { Accuracy = result.Accuracy };
        tell(evaluated);
    }

    private void ComputeLanes()
    {
        var first = owed[0];
        var block = first.Block;
        if (underway?.Owed != first)
        {
            device.Begin(block);
            underway = (first, block.First);
        }

        var lanes = NextLanes(first, underway!.Value.NextLane);
        device.ComputeLanes(first.BatchStep, lanes, first.Skips, first.RedundantLanes.Contains(lanes.First));
        underway = (first, lanes.End);
        for (var lane = lanes.First; lane < lanes.End; lane++)
            tell(new LaneComputed(key, first.Ticket, lane));
        if (lanes.End < block.End)
            return;
        underway = null;
        if (first.Attempt is { } attempt)
        {
            owed.RemoveAt(0);
            tell(new BlockRecomputed(key, first.Ticket, block, attempt, device.Measure(Step, first.PreviewRate)));
            return;
        }

        if (first.Ticket.Round != round || first.BatchStep != Step)
            throw new InvariantException($"{key} is at {round} and step {Step}, and publishes lanes {block} of {first.Ticket.Round}.");
        var result = device.Publish(first.Ticket.Round);
        var answered = owed.Where(other => other.Attempt is null && other.Block == block).ToList();
        owed.RemoveAll(other => other.Attempt is null && other.Block == block);
        if (result is null)
            return;
        done.Add(block, result);
        foreach (var other in answered)
            tell(new BlockComputed(key, other.Ticket, block, result));
    }

    // Redundant lanes are computed by themselves, since their gradients are hashed.
    private LaneBlock NextLanes(OwedBlock work, int from)
    {
        var lanes = LaneBlock.Largest(from, work.Block.End, device.LanesAtOnce);
        while (lanes.Count > 1 && work.RedundantLanes.Any(lane => lanes.First <= lane && lane < lanes.End))
            lanes = lanes with { Count = lanes.Count / 2 };
        return lanes;
    }

    private bool IsAt(long step)
    {
        if (Step == step)
            return true;
        tell(new AtAnotherStep(key, Step, loaded?.Number));
        return false;
    }

    private void ForgetStep()
    {
        ForgetLanes([]);
        (copied, evaluated, evaluating) = (null, null, null);
    }

    // Blocks that are only measured depend on weights, not on a round.
    private void ForgetLanes(IEnumerable<OwedBlock> kept)
    {
        List<OwedBlock> rest = [.. kept];
        done.Clear();
        owed.Clear();
        owed.AddRange(rest);
        if (underway is not { } work || rest.Contains(work.Owed))
            return;
        device.GiveUp();
        underway = null;
    }

    // A block to be published or, with an attempt, only measured.
    private sealed record OwedBlock(Ticket Ticket, LaneBlock Block, long BatchStep, SkipList Skips, IReadOnlyList<int> RedundantLanes,
        int? Attempt)
    {
        public double? PreviewRate { get; init; }
    }
}

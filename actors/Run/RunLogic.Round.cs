using ActorTrain.Actors.Metrics;
using ActorTrain.Actors.Reduction;
using ActorTrain.Actors.Spikes;
using ActorTrain.Actors.Training;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Run;

/// <content>A step: its lanes are shared out, their gradients reduced, the sum judged, and the update committed.</content>
public sealed partial class RunLogic
{
    private readonly CommittedUpdates commits = new();
    private DateTimeOffset commitAt;
    private int vetoes;

    private bool IsPaused => journal.HoldsUp || metrics.Count >= options.MetricsBuffer;

    private void BeginRound()
    {
        if (round is not null || step >= lastStep || IsEnding || isPaused)
            return;
        if (IsPaused)
        {
            if (journal.MustTell())
                Warn($"training waits after step {step}, for {journal.Count} decisions wait for the journal's database and journal.buffer takes no more.");
            return;
        }

        if (journal.IsExtending)
            return;

        // The first round waits for all who begin together, save for those who have failed already.
        if (lastRound + 1 == firstRound && trainers.Values.Any(static trainer => trainer is { IsMember: false, Faults: 0, IsRetiring: false }))
            return;
        round = new RoundState(new Round(++lastRound, step), options.Lanes, options.Reducers);
        Do(new OpenRound(round.Round));
        var members = Members();
        if (members.Count == 0)
        {
            round.Orphans.Add(new LaneBlock(0, options.Lanes));
            return;
        }

        var shares = LaneBlock.Share(options.Lanes, members.Count);
        PlanAudit(members, shares);
        for (var i = 0; i < members.Count; i++)
            Assign(members[i], shares[i]);
    }

    private void Assign(TrainerEntry trainer, IReadOnlyList<LaneBlock> blocks)
    {
        if (blocks.Count == 0)
            return;
        var ticket = new Ticket(generation, round!.Round);
        foreach (var block in blocks)
            trainer.Owes.Add((ticket, block, course.Skips));
        Tell(trainer, new ComputeLanes(ticket, blocks, course.Skips) { Witnesses = [.. round.Witnesses] });
    }

    // Lanes that a lost trainer owed go to those who owe least, in pieces small enough for all to share.
    private void ShareOrphans()
    {
        if (round is not { Orphans.Count: > 0 })
            return;
        var members = Members();
        if (members.Count == 0)
            return;
        var given = members.ToDictionary(static member => member, static _ => new List<LaneBlock>());
        var load = new PriorityQueue<TrainerEntry, (int Lanes, int Number)>(members.Select(member => (member, (member.LanesOwed, member.Number))));
        foreach (var block in round.Orphans.SelectMany(block => Pieces(block, members.Count)).OrderBy(static block => block.First))
        {
            load.TryDequeue(out var member, out var priority);
            given[member!].Add(block);
            load.Enqueue(member!, (priority.Lanes + block.Count, priority.Number));
        }

        round.Orphans.Clear();
        foreach (var member in members)
            Assign(member, given[member]);
    }

    private static IEnumerable<LaneBlock> Pieces(LaneBlock block, int count)
    {
        var size = block.Count;
        while (size > 1 && block.Count / size < count)
            size /= 2;
        for (var first = block.First; first < block.End; first += size)
            yield return new LaneBlock(first, size);
    }

    private List<TrainerEntry> Members()
    {
        var members = trainers.Values.Where(static trainer => trainer is { IsMember: true, IsRetiring: false }).ToList();
        return members.Count > 0 ? members : [.. trainers.Values.Where(static trainer => trainer.IsMember)];
    }

    private void Hear(TrainerReport report)
    {
        if (Find(report.Trainer) is not { } trainer)
            return;
        Take(trainer, report);
        Refresh(trainer);
    }

    private void Take(TrainerEntry trainer, TrainerReport report)
    {
        switch (report)
        {
            case StateLoaded loaded when trainer.Loading is { } loading && loading.Number == loaded.Number:
                Join(trainer, loading);
                break;
            case StateRefused refused when trainer.Loading is { } loading && loading.Number == refused.Number:
                Refuse(trainer, loading, refused.Reason);
                break;
            case BlockComputed computed:
                Complete(trainer, computed);
                break;
            case BlockRecomputed recomputed:
                Hear(trainer, recomputed);
                break;
            case UpdatePreviewed previewed:
                Hear(trainer, previewed);
                break;
            case UpdateApplied applied when commits.Holds(applied.Round):
                trainer.Step = Math.Max(trainer.Step, applied.Round.Step + 1);
                if (applied.Round.Step + 1 == step)
                    states.Note(applied.Trainer, applied.Update.Checksum);
                break;
            case AtAnotherStep other:
                Repeat(trainer, other.Step);
                break;
            case StateCopied copied:
                Copied(trainer, copied);
                break;
            case Evaluated evaluated:
                Evaluated(trainer, evaluated);
                break;
        }
    }

    private void Join(TrainerEntry trainer, LoadState loading)
    {
        if (loading.Source is SnapshotState snapshot)
            slots.Unpin(snapshot.Slot);
        trainer.Loading = null;
        trainer.Step = loading.Step;
        trainer.Standing = TrainerStanding.Member;
        generation++;
        Record(new TrainerJoined(now, step, trainer.Key!.Value.ToString(), generation));
        Probe(trainer);
    }

    private void Refuse(TrainerEntry trainer, LoadState loading, string reason)
    {
        Warn($"{trainer.Key} could not take over the state of step {loading.Step}: {reason}");
        Count(trainer.Key!.Value.ToString(), reason);
        if (loading.Source is SnapshotState snapshot)
        {
            slots.Unpin(snapshot.Slot);
            slots.Drop(snapshot.Slot);
        }
        else if (loading.Source is CheckpointState)
        {
            origins.RemoveAll(origin => origin.WeightsHash is not null && origin.Step == loading.Step);
        }

        (trainer.Loading, trainer.Step, trainer.ToldStep, trainer.Standing) = (null, -1, -1, TrainerStanding.Starting);
    }

    private void Complete(TrainerEntry trainer, BlockComputed computed)
    {
        var index = trainer.Owes.FindIndex(owed => owed.Ticket == computed.Ticket && owed.Block == computed.Block);
        if (index < 0)
            return;
        trainer.Owes.RemoveAt(index);
        if (round is null || round.Round != computed.Ticket.Round)
            return;

        // Lanes are computed on the weights that this round begins from, so these have been reached.
        trainer.Step = Math.Max(trainer.Step, computed.Ticket.Round.Step);
        round.Add(computed.Trainer, computed.Block, computed.Result);
        trainer.UnprovedSince = Math.Min(trainer.UnprovedSince, step);
        Witness(computed);
        states.Note(computed.Trainer, computed.Result.StateChecksum);
        for (var reducer = 0; reducer < options.Reducers; reducer++)
            Do(new ToReducer(reducer, new AddBlock(round.Round, computed.Block)));
        if (round.LanesAreDone)
        {
            reducersAskedAt = now;
            reducersRetry.Start(now);
        }
    }

    private void Hear(ReducerReport report)
    {
        switch (report)
        {
            case ReducerStarted started when round is not null && !round.IsReducedBy(started.Reducer):
                AskReducer(started.Reducer);
                break;
            case ShardReduced reduced when round is not null && reduced.Round == round.Round:
                round.Add(reduced);
                break;
            case BlockDamaged damaged when round is not null && damaged.Round == round.Round:
                Record(new CorruptionFound(now, step, $"reducer-{damaged.Reducer}", damaged.Reason));
                Warn($"{damaged.Reason} Step {step} is computed again.");
                AbandonRound();
                break;
        }
    }

    private void AskReducer(int reducer)
    {
        foreach (var part in round!.Done)
            Do(new ToReducer(reducer, new AddBlock(round.Round, part.Block)));
    }

    private void Commit(Judgement judgement)
    {
        var signals = round!.Signals!;
        var adjustment = judgement.Adjustment with { LearningRate = Schedule.At(step), RateFactor = judgement.Adjustment.RateFactor * course.RateFactor };
        commits.Add(round.Round, signals.GradientNorm, adjustment);
        foreach (var trainer in trainers.Values.Where(trainer => trainer.ToldStep == step))
        {
            Tell(trainer, new ApplyUpdate(round.Round, signals.GradientNorm, adjustment));
            trainer.ToldStep = step + 1;
        }

        time.NoteWait(round.Waited);
        step++;
        vetoes = 0;
        states.Clear();
        course = course with { Spikes = judgement.IfApplied };
        var measurement = new StepMeasurement(step, signals.Loss, signals.GradientNorm, now - commitAt, round.Positions)
        {
            LearningRate = adjustment.LearningRate!.Value * adjustment.RateFactor,
            Decisions = DecisionsInForce.Of(course.Corrections),
            LaneLoss = SpikeSignal.LaneLoss.Known(signals),
            EmbeddingNorm = SpikeSignal.EmbeddingNorm.Known(signals),
            BlockNorm = SpikeSignal.BlockNorm.Known(signals),
            UpdateNorm = SpikeSignal.UpdateNorm.Known(signals),
        };
        commitAt = now;
        AddMetrics(new MetricsItem(measurement, step));
        Do(new Show(measurement, lastStep));
        round = null;
    }

    // Its batch is left out, and the step taken with the next one: no weight has changed.
    private void Veto(Judgement judgement)
    {
        var reason = judgement.Finding!.Evidence;
        var positions = plan.Samples(step, course.Skips).Select(sample => new SkippedRange(sample.Position, 1, reason)).ToList();
        Record(new BatchVetoed(now, step, positions, reason));
        Warn($"{reason}; its batch is skipped.");
        course = course with
        {
            Skips = course.Skips.Joined(positions),
            Vetoes = course.Vetoes.RemoveAll(earlier => earlier <= step - options.Ladder.Veto.Window).Add(step),
            Spikes = judgement.IfLeftOut,
        };
        AbandonRound();
        if (++vetoes >= options.VetoLimit)
        {
            failing ??= $"Step {step} was vetoed {vetoes} times in a row, so the weights are broken; lower training.learning_rate in a run of another name.";
        }
    }

    private void AbandonRound()
    {
        if (round is null)
            return;
        Do(new CloseRound(round.Round));
        foreach (var trainer in trainers.Values.Where(static trainer => trainer.Owes.Count > 0))
        {
            trainer.Owes.Clear();
            Refresh(trainer);
        }

        foreach (var asked in round.Checks.Select(static check => check.Asked).OfType<TrainerEntry>().Distinct())
        {
            asked.Rechecks.RemoveAll(recheck => recheck.Ticket.Round == round.Round);
            Refresh(asked);
        }

        round = null;
    }

    private void CloseRounds()
    {
        if (!trainers.Values.Any(static trainer => trainer.IsMember))
            return;
        foreach (var done in commits.ForgetBefore(trainers.Values.Where(static trainer => trainer.HasState).Min(static trainer => trainer.Loading?.Step ?? trainer.Step)))
            Do(new CloseRound(done));
    }
}

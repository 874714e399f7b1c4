using ActorTrain.Actors.Training;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Run;

/// <content>Who takes part: trainers that come, take a state over, are lost, and go.</content>
public sealed partial class RunLogic
{
    // Each order to take a state over has a number of its own.
    private long loads;

    private void Enlist()
    {
        // The lowest numbers that are not in quarantine.
        var numbers = Enumerable.Range(0, wanted + quarantined.Count).Where(number => !quarantined.Contains(number)).Take(wanted).ToHashSet();
        foreach (var number in numbers.Order())
        {
            if (!trainers.TryGetValue(number, out var trainer))
                trainers.Add(number, trainer = new TrainerEntry(number, retired.GetValueOrDefault(number, stranger), options.RetryInterval));
            else if (!trainer.IsRetiring)
                continue;
            trainer.IsRetiring = false;
            if (trainer.Key is null)
                Start(trainer);
        }

        foreach (var trainer in trainers.Values.Where(trainer => !numbers.Contains(trainer.Number)))
            trainer.IsRetiring = true;
    }

    private void Scale(int count)
    {
        if (count == wanted || count < 1)
            return;
        wanted = count;
        Record(new TrainersScaled(now, step, count));
        Enlist();
    }

    private void Start(TrainerEntry trainer)
    {
        Do(new ToTrainerSupervisor(new StartTrainer(trainer.Number, trainer.LastIncarnation)));
        Refresh(trainer);
    }

    private void Hear(TrainerSupervisorReport report)
    {
        switch (report)
        {
            case TrainerStarted { Trainer: var key }:
                if (!trainers.TryGetValue(key.Number, out var started) || key.Incarnation <= started.LastIncarnation)
                    return;
                if (started.Key is { } former)
                    Lose(started, $"{former} gave way to {key}.");
                (started.Key, started.LastIncarnation) = (key, key.Incarnation);
                Refresh(started);
                break;
            case TrainerLost lost:
                if (Find(lost.Trainer) is { } gone)
                {
                    var wasApplying = gone.Loading is null && gone.Step < gone.ToldStep;
                    var wasForeseeing = gone.Rechecks.Exists(asked => asked is PreviewUpdate && asked.Ticket.Round == round?.Round);
                    Lose(gone, lost.Reason);
                    if (lost.Damage is { } damage)
                        CountCorruption(gone, lost, damage, wasApplying, wasForeseeing);
                }

                break;
            case TrainerGivenUp given:
                if (trainers.TryGetValue(given.Number, out var hopeless))
                {
                    if (hopeless.Key is not null)
                        Lose(hopeless, given.Report);
                    hopeless.Standing = TrainerStanding.GivenUp;
                }

                failing ??= given.Report;
                break;
            case TrainerSupervisorStarted:
                // Its trainers went with it.
                foreach (var trainer in trainers.Values)
                {
                    if (trainer.Key is not null)
                        Lose(trainer, "The supervisor of trainers failed.");
                    if (!trainer.IsRetiring)
                        Start(trainer);
                }

                break;
        }
    }

    private void Lose(TrainerEntry trainer, string reason)
    {
        var key = trainer.Key!.Value;
        var took = trainer.IsMember;
        Release(trainer);
        round?.Orphans.AddRange(trainer.Owes.Where(owed => owed.Ticket.Round == round.Round).Select(static owed => owed.Block));
        trainer.Forget();
        trainer.Faults++;
        trainer.LastFault = reason;
        Refresh(trainer);
        if (!took)
            return;
        generation++;
        Record(new TrainerLeft(now, step, key.ToString(), generation, reason));
        if (!trainer.IsRetiring)
            Warn($"{key} is lost at step {step}; its lanes go to the others: {reason}");
    }

    // Whoever had asked it for something asks another.
    private void Release(TrainerEntry trainer)
    {
        if (trainer.Loading?.Source is SnapshotState snapshot)
            slots.Unpin(snapshot.Slot);
        if (trainer.Copying is { } copy)
        {
            slots.Unpin(copy.Slot);
            copying = null;
        }

        if (trainer.Evaluating is not null)
            evaluator = null;
        foreach (var check in round?.Checks.Where(check => check.Asked == trainer) ?? [])
            check.Asked = null;
    }

    // A trainer without a state gets the newest that the totals at hand bring up to date; else a member copies its own; and where no member
    // is left, steps are taken again.
    private void GiveStates()
    {
        if (ended)
            return;
        var waiting = trainers.Values.Where(static trainer => trainer is { Key: not null, HasState: false, IsRetiring: false }).ToList();
        if (waiting.Count == 0)
            return;
        var reach = commits.Oldest ?? step;
        if (BestSource(reach) is { } near)
        {
            foreach (var trainer in waiting)
                Load(trainer, near.Source, near.Step);
        }
        else if (!trainers.Values.Any(static trainer => trainer.HasState))
        {
            var (source, at) = BestSource(0)!.Value;
            Rewind(source, at);
            foreach (var trainer in waiting)
                Load(trainer, source, at);
        }
        else
        {
            snapshotWanted = true;
        }
    }

    /// <summary>The newest state at or after a step.</summary>
    private (StateSource Source, long Step)? BestSource(long atLeast)
    {
        var origin = origins[^1];
        if (slots.Newest is { } snapshot && snapshot.Step >= origin.Step)
            return snapshot.Step >= atLeast ? (new SnapshotState(snapshot.Slot, snapshot.Hash), snapshot.Step) : null;
        return origin.Step >= atLeast ? (origin.WeightsHash is null ? new FreshState() : new CheckpointState(), origin.Step) : null;
    }

    private void Load(TrainerEntry trainer, StateSource source, long at)
    {
        if (source is SnapshotState snapshot)
            slots.Pin(snapshot.Slot);
        trainer.Standing = TrainerStanding.Joining;
        trainer.Loading = new LoadState(source, at, ++loads);
        trainer.ToldStep = at;
        Tell(trainer, trainer.Loading);
        CatchUp(trainer, at);
    }

    private void CatchUp(TrainerEntry trainer, long from)
    {
        foreach (var update in commits.Between(from))
        {
            Tell(trainer, update);
            trainer.ToldStep = Math.Max(trainer.ToldStep, update.Round.Step + 1);
        }
    }

    private void Rewind(StateSource source, long at)
    {
        if (at < step)
        {
            Record(new RunRewound(now, at, step, KindOf(source)));
            Warn($"no trainer holds step {step} any more; the run goes on from the {RunEventWords.InWords(KindOf(source))} of step {at}.");
        }

        Return(at, "No trainer held the newest state any more.");
    }

    private static StateKind KindOf(StateSource source) => source switch { SnapshotState => StateKind.Snapshot, CheckpointState => StateKind.Checkpoint, _ => StateKind.Seed };

    // Later steps are taken again, from a state that is kept.
    private void Return(long at, string reason)
    {
        foreach (var left in commits.ForgetBefore(long.MaxValue))
            Do(new CloseRound(left));
        AbandonRound();
        slots.DropAfter(at);
        foreach (var trainer in trainers.Values.Where(trainer => trainer.UnprovedSince >= at))
            Doubt(trainer);
        course = interventions.Ahead(slots.Newest is { } snapshot && snapshot.Step == at ? snapshot.Course : origins.Last(origin => origin.Step == at).Course);
        step = at;
        vetoes = 0;
        states.Clear();
        (evaluationDue, evaluator, saveDue) = (null, null, null);
        boundaryStep = -1;
        if (evaluatedStep > at)
            evaluatedStep = -1;
        AddMetrics(new MetricsItem(null, at) { Reason = reason });
        commitAt = now;
    }

    private TrainerEntry? Find(TrainerKey key) => trainers.TryGetValue(key.Number, out var trainer) && trainer.Key == key ? trainer : null;

    // One that was told to go leaves when nothing waits for it.
    private void Retire()
    {
        foreach (var trainer in trainers.Values.Where(static trainer => trainer.IsRetiring).ToList())
        {
            var isLastWithState = trainer.IsMember && !trainers.Values.Any(other => other != trainer && other.IsMember);
            if (isLastWithState || IsAwaited(trainer) || trainer.Copying is not null || trainer.Evaluating is not null || trainer.Owes.Count > 0 || trainer.Rechecks.Count > 0)
                continue;
            Do(new ToTrainerSupervisor(new RetireTrainer(trainer.Number)));
            if (trainer.Loading?.Source is SnapshotState snapshot)
                slots.Unpin(snapshot.Slot);
            if (trainer is { IsMember: true, Key: { } key })
            {
                generation++;
                Record(new TrainerLeft(now, step, key.ToString(), generation, "The number of trainers was lowered."));
            }

            trainers.Remove(trainer.Number);
            retired[trainer.Number] = trainer.Former;
        }
    }
}

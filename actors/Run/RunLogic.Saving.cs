using ActorTrain.Actors.Checkpoints;
using ActorTrain.Actors.Metrics;
using ActorTrain.Actors.Training;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Run;

/// <content>Snapshots in memory and checkpoints on disk: when they are taken, which have proved good, and what is done where the disk refuses.</content>
public sealed partial class RunLogic
{

    // The step that is to be saved, the trainer that copies its state for it, what waits for the disk, and what is being written.
    private long? saveDue;
    private TrainerEntry? copying;
    private bool snapshotWanted;
    private bool snapshotDue;
    private (HeldSnapshot Snapshot, long MetricsNumber)? saveNext;
    private SaveCheckpoint? saving;
    private bool isSavingVoid;
    private long saves;
    private long copies;
    private long? savedStep;
    private string? savedHash;

    private DateTimeOffset copyAskedAt;
    private DateTimeOffset savingAt;

    private readonly SaveRetries saveRetries;
    private bool isSlownessTold;

    private CheckpointHistory history = CheckpointHistory.Empty;

    // The last step up to which all that was computed is proved.
    private long TrustedStep => IsAudited ? trainers.Values.Select(static trainer => trainer.UnprovedSince).Append(step).Min() : step;

    private bool IsKeptForGood(long at) => options.KeepEvery > 0 && at % options.KeepEvery == 0;

    // One that waits for the disk and is to be kept for good is worth more than one that is not.
    private bool MakesWay()
    {
        if (saveNext is not { } waiting || !IsKeptForGood(waiting.Snapshot.Step) || IsKeptForGood(step))
            return false;
        TellSlowness(left: step, instead: waiting.Snapshot.Step);
        return true;
    }

    // The last step waits for the disk anyway, and so need not take the place of one that is to be kept for good.
    private bool LetsFinish() => step == lastStep && !IsEnding && !snapshotWanted && saveNext is { } waiting && waiting.Snapshot.Step < step && IsKeptForGood(waiting.Snapshot.Step);

    private void TellSlowness(long left, long instead)
    {
        if (!isSlownessTold)
            Warn($"checkpoints come faster than they are written, so that of step {left} is left out for that of step {instead}; a larger checkpoints.every or a faster disk would help.");
        isSlownessTold = true;
    }

    private void TakeSnapshot()
    {
        if (slots.Newest is { } newest && newest.Step == step)
        {
            Use(newest);
            return;
        }

        if (Ready() is not { } source)
            return;
        var isNeeded = saveDue is not null || snapshotWanted;
        if (saveNext is { } older && saveDue is not null)
        {
            // The disk is slower than the checkpoints come: the newer takes the place of the one that waits.
            TellSlowness(left: older.Snapshot.Step, instead: step);
            Overtake();
        }

        var slot = slots.Take(TrustedStep, options.ProofSteps, isNeeded);
        if (slot is null && snapshotWanted && saveNext is not null)
        {
            // Whoever waits for a state is worth more than a checkpoint of this very step.
            Overtake();
            saveDue = step;
            slot = slots.Take(TrustedStep, options.ProofSteps, isNeeded);
        }

        snapshotDue = false;
        if (slot is not { } taken)
            return;
        copyAskedAt = now;
        source.Copying = new CopyState(taken, step, ++copies);
        copying = source;
        Tell(source, source.Copying);
    }

    private void Overtake()
    {
        slots.Unpin(saveNext!.Value.Snapshot.Slot);
        saveNext = null;
    }

    private void Copied(TrainerEntry trainer, StateCopied copied)
    {
        if (trainer.Copying is not { } asked || asked.Number != copied.Number)
            return;
        (trainer.Copying, copying) = (null, null);
        states.Note(copied.Trainer, copied.StateChecksum);
        checkpointing.NoteStall(now - copyAskedAt);
        slots.Unpin(copied.Slot);
        var snapshot = new HeldSnapshot(copied.Slot, copied.Step, copied.Hash, course);
        slots.Fill(snapshot);
        Use(snapshot);
    }

    private void Use(HeldSnapshot snapshot)
    {
        (snapshotWanted, snapshotDue) = (false, false);
        if (saveDue is null)
            return;
        saveDue = null;
        checkpointing.NoteBegun(snapshot.Step, now);
        if (saveNext is not null)
            Overtake();
        slots.Pin(snapshot.Slot);
        saveNext = (snapshot, metrics.Last);
        if (metrics.Durable < metrics.Last && !IsLost(MetricsActor))
            Do(new ToMetrics(new FlushMetrics(metrics.Last)));
    }

    // A way back is a risk: what the run goes back to is not left in memory alone.
    private void SaveReturn(long at)
    {
        if (at == 0 || origins.Exists(origin => origin.Step == at) || slots.Newest is not { } kept || kept.Step != at
            || (saving?.Step == at && !isSavingVoid) || saveNext?.Snapshot.Step == at)
            return;
        saveDue = at;
        Use(kept);
    }

    // A checkpoint never knows more steps than the metrics on disk, nor more corrections than the journal, unless there is no time to wait for it.
    private void Save()
    {
        if (saving is not null || saveNext is not { } next || IsLost(CheckpointActor))
            return;
        if (metrics.Durable < next.MetricsNumber && !IsLost(MetricsActor))
            return;
        if (!IsEnding && step < lastStep && journal.IsCorrecting)
            return;
        var (slot, at, hash, itsCourse) = next.Snapshot;
        saving = new SaveCheckpoint(++saves, slot, at, hash, itsCourse, history) { Unproved = UnprovedBefore(at), Decisions = journal.Durable };
        (saveNext, savingAt) = (null, now);
        saveRetries.NoteBegun();
        saveRetry.Start(now);
        Do(new ToCheckpointer(saving));
    }

    private void Hear(CheckpointReport report)
    {
        switch (report)
        {
            case CheckpointerStarted when saving is not null:
                Do(new ToCheckpointer(saving));
                break;
            case CheckpointSaved saved when saving?.Number == saved.Number:
                if (EndSaving() is { } done)
                    Saved(saved, done);
                break;
            case CheckpointFailed failed when saving?.Number == failed.Number:
                if (EndSaving() is { } undone)
                    Failed(failed, undone.Slot);
                break;
        }
    }

    // Null: the run has gone back over that step meanwhile, and nobody wants it any more.
    private SaveCheckpoint? EndSaving()
    {
        var done = isSavingVoid ? null : saving;
        slots.Unpin(saving!.Slot);
        (saving, isSavingVoid) = (null, false);
        return done;
    }

    private void Saved(CheckpointSaved saved, SaveCheckpoint done)
    {
        Record(new CheckpointCommitted(now, saved.Step, saved.WeightsHash));
        origins.RemoveAll(origin => origin.WeightsHash is not null && (origin.Step == saved.Step || !saved.Kept.Contains(origin.Step)));
        origins.Add(new RunOrigin(saved.Step, saved.WeightsHash, done.Course) { Unproved = done.Unproved });
        (savedStep, savedHash) = (saved.Step, saved.WeightsHash);
        Do(new ShowCheckpoint(saved.Step));
        if (saveRetries.NoteSaved())
            Do(new Say($"checkpoints can be written again: that of step {saved.Step} is on disk.", IsWarning: false));
        if (checkpointing.NoteWritten(now - savingAt, now) is not var (every, reason))
            return;
        Record(new SaveIntervalChosen(now, step, every, reason));
        Do(new Say($"a checkpoint is written every {(every == 1 ? "step" : $"{every} steps")} from now on. {reason}", IsWarning: false));
    }

    private void Failed(CheckpointFailed failed, int slot)
    {
        if (failed.IsSnapshotDamaged)
        {
            Record(new CorruptionFound(now, step, "snapshots", failed.Reason));
            Warn($"{failed.Reason} It is dropped, and the state is saved anew.");
            slots.Drop(slot);
            saveDue = step > 0 && savedStep != step ? step : null;
            return;
        }

        if (failed.Step == step && (step == lastStep || IsEnding))
        {
            Record(new CheckpointLost(now, failed.Step, failed.Reason));
            Warn(failed.Reason);
            failing = failed.Reason;
            lostActors.Add(CheckpointActor);
            return;
        }

        if (!saveRetries.NoteRefused(now))
            return;
        Record(new CheckpointLost(now, failed.Step, failed.Reason));
        Warn(FormattableString.Invariant($"{failed.Reason} Training goes on, and the save is tried again in {saveRetries.Wait.TotalSeconds:0.#} s and then ever more rarely; more is said once it succeeds."));
    }

    private void SaveAgain()
    {
        if (saving is not null || IsEnding || !saveRetries.TakeDue(now))
            return;
        if (saveNext is null && step > 0 && savedStep != step)
            saveDue = step;
    }

    // At a boundary, where no audit is open.
    private void Prove()
    {
        foreach (var (at, known) in history.Ripe(step, options.ProofSteps))
        {
            if (IsAudited && trainers.Values.Any(trainer => trainer.UnprovedSince < at))
                continue;
            Record(new CheckpointProved(now, at, step, known.WeightsHash));
            if (!IsLost(CheckpointActor))
                Do(new ToCheckpointer(new MarkGood(at, known.WeightsHash, step)));
        }
    }
}

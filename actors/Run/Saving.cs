using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Recovery;
using ActorTrain.Models;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Run;

/// <summary>Schedules copies of the state to memory and from there to disk, and handles refusals by the disk.</summary>
internal sealed class Saving
{
    private readonly RunLogicOptions options;
    private readonly RunOutput output;
    private readonly RunEnd end;
    private readonly Decisions decisions;
    private readonly MetricsStream metrics;
    private readonly TrainerRoster roster;
    private readonly RunProgress progress;
    private readonly KeptStates states;
    private readonly StateVotes votes;
    private readonly CheckpointSchedule schedule;
    private readonly Rounds rounds;
    private readonly SaveRetries retries;
    private readonly RetryTimer askedAgain;

    // Reasons for a copy: a save; trainers that wait for a state; a snapshot that is due.
    private long? due;
    private bool isWanted;
    private bool isSnapshotDue;

    // What waits for the disk, and what is being written.
    private (HeldSnapshot Snapshot, long MetricsNumber)? next;
    private SaveCheckpoint? writing;
    private bool isWritingVoid;
    private DateTimeOffset copyAskedAt;
    private DateTimeOffset writingSince;
    private long saves;
    private long copies;
    private ulong? copiedHash;
    private bool isSlownessTold;

    public Saving(
        RunLogicOptions options, RunOutput output, RunEnd end, Decisions decisions, MetricsStream metrics, TrainerRoster roster,
        RunProgress progress, KeptStates states, StateVotes votes, CheckpointSchedule schedule, Rounds rounds)
    {
        (this.options, this.output, this.end, this.decisions, this.metrics) = (options, output, end, decisions, metrics);
        (this.roster, this.progress, this.states, this.votes) = (roster, progress, states, votes);
        (this.schedule, this.rounds) = (schedule, rounds);

        // Parts that a former life of the run had copied must not pass for those of another copy.
        copies = rounds.Owners.AreDivided ? rounds.FirstNumber << 20 : 0;
        (retries, askedAgain) = (new SaveRetries(options.SaveRetry), new RetryTimer(options.RetryInterval));
        if (states.Origin.WeightsHash is not null)
            SavedStep = states.Origin.Step;
    }

    public long? SavedStep { get; private set; }

    public string? SavedHash { get; private set; }

    public bool IsIdle => writing is null && next is null;

    public bool IsWriting => writing is not null;

    public bool IsWaiting => next is not null;

    /// <summary>Whether nothing is to be written.</summary>
    public bool IsSettled => IsIdle && due is null;

    /// <summary>Whether all is saved that an ending can save.</summary>
    public bool IsEndSaved => IsIdle && (CanSaveNow ? SavedStep == progress.Step : Resumable is not { } left || SavedStep >= left.Step);

    public bool IsCopying => roster.All.Any(static trainer => trainer.Copying is not null);

    /// <summary>Whether the copy in progress is to be written to disk.</summary>
    public bool CopiesForDisk => IsCopying && due is not null;

    /// <summary>Whether a copy of the state is to be taken now.</summary>
    public bool WantsCopy => (due is not null || isWanted || isSnapshotDue) && !IsCopying && !LetsFinish;

    /// <summary>When a retry or reminder is due; null if none is.</summary>
    public DateTimeOffset? DueAt => writing is null ? retries.At : retries.At is { } again && again < askedAgain.At ? again : askedAgain.At;

    private bool CanSaveNow => progress.IsComplete || schedule.CanResumeAt(progress.Step);

    // The last step that is worth a save: another process could not go on from the steps after it.
    private long LastStep => CanSaveNow ? progress.Step : schedule.ResumableUntil(progress.Step);

    private HeldSnapshot? Resumable => states.Snapshots.HeldAt(LastStep);

    // The last step waits for the disk in any case, so it need not replace one that is kept for good.
    private bool LetsFinish => progress.IsComplete && !end.IsEnding && !isWanted && next is { } waiting
        && waiting.Snapshot.Step < progress.Step && IsKeptForGood(waiting.Snapshot.Step);

    /// <summary>Decides whether the completed step is saved, or copied.</summary>
    public void NoteBoundary()
    {
        var step = progress.Step;
        schedule.NoteBoundary(step, SavedStep, output.Now);
        if (SavedStep != step && (progress.IsComplete || (step > 0 && IsDue(step) && !MakesWay())))
            due = step;
        isSnapshotDue = step > 0 && options.SnapshotEvery > 0 && step % options.SnapshotEvery == 0 && !end.IsEnding;
        Prove();
    }

    /// <summary>Requests a save of the last state that another process can go on from.</summary>
    public void NoteEnding()
    {
        due = null;
        if (CanSaveNow)
            due = IsSavedSoon(progress.Step) ? null : progress.Step;
        else if (Resumable is { } left && !IsSavedSoon(left.Step))
            Enqueue(left);
    }

    public void RequestCopy() => isWanted = true;

    /// <summary>Starts a copy of the state, unless one is in progress.</summary>
    public void TakeCopy()
    {
        if (states.Snapshots.Newest is { } newest && newest.Step == progress.Step)
        {
            Use(newest);
            return;
        }

        var sources = rounds.Owners.SourcesAt(progress.Step);
        if (sources.Count == 0)
            return;
        var isNeeded = due is not null || isWanted;
        if (next is { } older && due is not null)
        {
            // The disk is slower than the checkpoint interval: the newer checkpoint replaces the waiting one.
            TellSlowness(skipped: older.Snapshot.Step, favoured: progress.Step);
            DropNext();
        }

        var trusted = roster.TrustedStep(progress.Step);
        var slot = Take();
        if (slot is null && isWanted && next is not null)
        {
            // A trainer that waits for a state has priority over a checkpoint of this step.
            DropNext();
            due = progress.Step;
            slot = Take();
        }

        isSnapshotDue = false;
        if (slot is not { } taken)
            return;
        (copyAskedAt, copiedHash) = (output.Now, null);
        copies++;
        foreach (var (source, part) in sources)
        {
            states.Snapshots.Pin(taken);
            source.Copying = new CopyState(taken, progress.Step, copies) { Shards = part };
            roster.Tell(source, source.Copying);
        }

        states.Snapshots.Unpin(taken);

        int? Take() => states.Snapshots.Take(trusted, options.ProofSteps, isNeeded, schedule.ResumableUntil(progress.Step));
    }

    public void Complete(TrainerEntry trainer, StateCopied copied)
    {
        if (trainer.Copying is not { } asked || asked.Number != copied.Number)
            return;
        if (copied.Step != progress.Step)
            throw new InvariantException($"The state of step {copied.Step} is copied at step {progress.Step}: it was to stay.");
        trainer.Copying = null;
        votes.Note(copied.Trainer, copied.StateChecksum);
        states.Snapshots.Unpin(copied.Slot);
        copiedHash ??= copied.Hash;

        // Without a hash a part is missing: whoever was to copy it is lost, and another copy is taken.
        if (IsCopying || copiedHash is not { } hash)
            return;
        schedule.NoteStall(output.Now - copyAskedAt);
        var snapshot = new HeldSnapshot(copied.Slot, copied.Step, hash, progress.Overrides);
        states.Snapshots.Fill(snapshot);
        Use(snapshot);
    }

    /// <summary>Saves the state that the run rolled back to, so that it does not exist in memory alone.</summary>
    public void SaveReturn(long step)
    {
        if (states.IsOnDisk(step) || !schedule.CanResumeAt(step) || states.Snapshots.Newest is not { } kept || kept.Step != step
            || (writing?.Step == step && !isWritingVoid) || next?.Snapshot.Step == step)
            return;
        due = step;
        Use(kept);
    }

    /// <summary>Saves the newest unsaved snapshot, where nothing newer can be obtained.</summary>
    /// <returns>Whether there is one.</returns>
    public bool SaveNewest()
    {
        if (!IsIdle || end.IsLost(ActorRole.Checkpointer)
            || states.Snapshots.Held.FirstOrDefault(held => held.Step == progress.LastStep || schedule.CanResumeAt(held.Step))
                is not { } left
            || left.Step <= (SavedStep ?? -1))
            return false;
        states.Snapshots.Pin(left.Slot);
        next = (left, -1);
        Write();
        return true;
    }

    /// <summary>Sends the waiting snapshot to the disk. A checkpoint never contains more steps than the metrics on disk, nor more
    /// interventions than the journal, unless there is no time to wait.</summary>
    public void Write()
    {
        if (writing is not null || next is not { } waiting || end.IsLost(ActorRole.Checkpointer)
            || !metrics.IsSettled(waiting.MetricsNumber))
            return;
        if (!end.IsEnding && !progress.IsComplete && decisions.InterventionWaits)
            return;
        var (slot, step, hash, overrides) = waiting.Snapshot;
        writing = new SaveCheckpoint(++saves, slot, step, hash, overrides, decisions.History)
        {
            Unproved = roster.UnprovedBefore(step),
            Decisions = decisions.Durable,
        };
        (next, writingSince) = (null, output.Now);
        retries.NoteBegun();
        askedAgain.Start(output.Now);
        output.Do(new ToCheckpointer(writing));
    }

    public void Handle(CheckpointReport report)
    {
        switch (report)
        {
            case CheckpointerStarted when writing is not null:
                output.Do(new ToCheckpointer(writing));
                break;
            case CheckpointSaved saved when writing?.Number == saved.Number:
                if (EndWriting() is { } done)
                    Complete(saved, done);
                break;
            case CheckpointFailed failed when writing?.Number == failed.Number:
                if (EndWriting() is { } undone)
                    Fail(failed, undone.Slot);
                break;
        }
    }

    public void Remind()
    {
        if (writing is not null && askedAgain.IsDue(output.Now))
        {
            output.Do(new ToCheckpointer(writing));
            askedAgain.Repeat(output.Now);
        }

        if (writing is null && !end.IsEnding && CanSaveNow && retries.TakeDue(output.Now) && next is null && progress.Step > 0
            && SavedStep != progress.Step)
            due = progress.Step;
    }

    /// <summary>Drops states of later steps: they lack an intervention, or are recomputed.</summary>
    public void ForgetAfter(long step)
    {
        if (next is { } waiting && waiting.Snapshot.Step > step)
            DropNext();
        if (writing?.Step > step)
            isWritingVoid = true;
        if (SavedStep > step)
        {
            var left = states.Origins.LastOrDefault(origin => origin.WeightsHash is not null && origin.Step <= step);
            (SavedStep, SavedHash) = (left?.Step, left?.WeightsHash);
        }
    }

    /// <summary>Cancels the save of a step that the run has left.</summary>
    public void ForgetDue() => due = null;

    // An extension goes on from the last step at which a process can.
    private bool IsDue(long step) => schedule.IsDue(step, output.Now) || schedule.ResumableUntil(progress.LastStep) == step;

    private bool IsSavedSoon(long step) => SavedStep == step || writing?.Step == step || next?.Snapshot.Step == step;

    private bool IsKeptForGood(long step) => options.KeepEvery > 0 && step % options.KeepEvery == 0;

    // A waiting checkpoint that is kept for good has priority over one that is not.
    private bool MakesWay()
    {
        if (next is not { } waiting || !IsKeptForGood(waiting.Snapshot.Step) || IsKeptForGood(progress.Step))
            return false;
        TellSlowness(skipped: progress.Step, favoured: waiting.Snapshot.Step);
        return true;
    }

    private void TellSlowness(long skipped, long favoured)
    {
        if (!isSlownessTold)
            output.Warn($"checkpoints are due faster than the disk can write them; skipping step {skipped} in favour of step {favoured}; "
                + $"raise checkpoints.every or use a faster disk.");
        isSlownessTold = true;
    }

    private void DropNext()
    {
        states.Snapshots.Unpin(next!.Value.Snapshot.Slot);
        next = null;
    }

    private void Use(HeldSnapshot snapshot)
    {
        (isWanted, isSnapshotDue) = (false, false);
        if (due is null)
            return;
        due = null;
        Enqueue(snapshot);
    }

    private void Enqueue(HeldSnapshot snapshot)
    {
        schedule.NoteBegun(snapshot.Step, output.Now);
        if (next is not null)
            DropNext();
        states.Snapshots.Pin(snapshot.Slot);
        next = (snapshot, metrics.Last);
        metrics.Flush(metrics.Last);
    }

    // Null: the run has rolled back past that step in the meantime.
    private SaveCheckpoint? EndWriting()
    {
        var done = isWritingVoid ? null : writing;
        states.Snapshots.Unpin(writing!.Slot);
        (writing, isWritingVoid) = (null, false);
        return done;
    }

    private void Complete(CheckpointSaved saved, SaveCheckpoint done)
    {
        if (done.Step != saved.Step)
            throw new InvariantException($"The checkpoint at step {done.Step} was requested, but step {saved.Step} was written.");
        decisions.Record(new CheckpointCommitted(output.Now, saved.Step, saved.WeightsHash));
        states.Add(new RunOrigin(saved.Step, saved.WeightsHash, done.Overrides) { Unproved = done.Unproved }, saved.Kept);
        (SavedStep, SavedHash) = (saved.Step, saved.WeightsHash);
        output.Do(new NotifyCheckpoint(saved.Step));
        if (retries.NoteSaved())
            output.Inform($"checkpoints can be written again: saved step {saved.Step}.");
        if (schedule.NoteWritten(output.Now - writingSince, output.Now) is not var (every, reason))
            return;
        decisions.Record(new SaveIntervalChosen(output.Now, progress.Step, every, reason));
        output.Inform($"checkpoint interval set to {(every == 1 ? "1 step" : $"{every} steps")}. {reason}");
    }

    private void Fail(CheckpointFailed failed, int slot)
    {
        if (failed.IsSnapshotDamaged)
        {
            decisions.Record(new CorruptionFound(output.Now, progress.Step, new ActorId(ActorRole.Snapshots), failed.Reason));
            output.Warn($"{failed.Reason} Dropping it and saving the current state.");
            states.Snapshots.Drop(slot);
            due = progress.Step > 0 && CanSaveNow && SavedStep != progress.Step ? progress.Step : null;
            return;
        }

        if (failed.Step == LastStep && (progress.IsComplete || end.IsEnding))
        {
            decisions.Record(new CheckpointLost(output.Now, failed.Step, failed.Reason));
            output.Warn(failed.Reason);
            end.FailUnsaved(failed.Reason);
            end.NoteLost(ActorRole.Checkpointer);
            return;
        }

        if (!retries.NoteRefused(output.Now))
            return;
        decisions.Record(new CheckpointLost(output.Now, failed.Step, failed.Reason));
        output.Warn(FormattableString.Invariant(
            $"{failed.Reason} Training continues; retrying in {retries.Wait.TotalSeconds:0.#} s with exponential backoff; ")
            + "further failures are not logged.");
    }

    // At a boundary, where no audit is open.
    private void Prove()
    {
        var step = progress.Step;
        foreach (var (at, known) in decisions.History.Ripe(step, options.ProofSteps))
        {
            if (roster.CanProve && roster.All.Any(trainer => trainer.UnprovedSince < at))
                continue;
            decisions.Record(new CheckpointProved(output.Now, at, step, known.WeightsHash));
            if (!end.IsLost(ActorRole.Checkpointer))
                output.Do(new ToCheckpointer(new MarkGood(at, known.WeightsHash, step)));
        }
    }
}

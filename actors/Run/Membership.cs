using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Run;

/// <summary>Starts, retires, quarantines and replaces trainers.</summary>
internal sealed class Membership(
    RunLogicOptions options, RunOutput output, RunEnd end, Decisions decisions, TrainerRoster roster, RunProgress progress,
    KeptStates states, Rounds rounds)
{
    public void Enlist()
    {
        // The lowest numbers not in quarantine.
        var numbers = Enumerable.Range(0, roster.Wanted + roster.Quarantined.Count).Where(number => !roster.Quarantined.Contains(number))
            .Take(roster.Wanted).ToHashSet();
        foreach (var number in numbers.Order())
        {
            var trainer = roster[number];
            if (trainer is { IsRetiring: false })
                continue;
            trainer ??= roster.Add(number);
            trainer.IsRetiring = false;
            if (trainer.Key is null)
                Start(trainer);
        }

        foreach (var trainer in roster.All.Where(trainer => !numbers.Contains(trainer.Number)))
            trainer.IsRetiring = true;
    }

    public void Scale(int count)
    {
        if (count == roster.Wanted || count < 1)
            return;
        roster.Want(count);
        decisions.Record(new TrainersScaled(output.Now, progress.Step, count));
        Enlist();
    }

    /// <summary>Handles reports of the trainer supervisor, except lost trainers.</summary>
    public void Handle(TrainerSupervisorReport report)
    {
        switch (report)
        {
            case TrainerStarted started:
                NoteStarted(started.Trainer, started.Node);
                break;
            case TrainerUnplaced unplaced when roster[unplaced.Number] is { Key: null, Standing: TrainerStanding.Starting } waiting:
                waiting.Standing = TrainerStanding.Unplaced;
                output.Inform($"no node has room for trainer {waiting.Number}; it waits for one");
                break;
            case TrainerGivenUp given:
                NoteGivenUp(given);
                break;
            case TrainerSupervisorStarted:
                NoteSupervisorStarted();
                break;
        }
    }

    /// <param name="hasLeft">Whether its node left in order: no fault.</param>
    public void Lose(TrainerEntry trainer, string reason, bool hasLeft = false)
    {
        var key = trainer.Key!.Value;
        var wasMember = trainer.IsMember;
        states.Release(trainer);
        rounds.Release(trainer);
        trainer.Forget();
        if (!hasLeft)
            (trainer.Faults, trainer.LastFault) = (trainer.Faults + 1, reason);
        roster.Refresh(trainer);
        if (!wasMember)
            return;
        decisions.Record(new TrainerLeft(output.Now, progress.Step, key.Id, roster.NextGeneration(), reason));
        if (hasLeft)
            output.Inform($"{key} left at step {progress.Step}; its lanes are reassigned: {reason}");
        else if (!trainer.IsRetiring)
            output.Warn($"lost {key} at step {progress.Step}; its lanes are reassigned: {reason}");
    }

    /// <summary>Has a member load another state.</summary>
    public void TakeState(TrainerEntry trainer, string reason)
    {
        var (key, wasMember) = (trainer.Key!.Value, trainer.IsMember);
        states.Release(trainer);
        rounds.Release(trainer);
        trainer.ForgetState();
        roster.Refresh(trainer);
        if (wasMember)
            decisions.Record(new TrainerLeft(output.Now, progress.Step, key.Id, roster.NextGeneration(), reason));
    }

    public void Abandon(TrainerEntry trainer, string reason)
    {
        output.Do(new ToTrainerSupervisor(new AbandonTrainer(trainer.Key!.Value, reason)));
        Lose(trainer, reason);
    }

    /// <summary>Excludes a trainer until it is released; another takes its place.</summary>
    public void Quarantine(TrainerEntry trainer, string by, string reason)
    {
        if (trainer.Key is not null)
            Lose(trainer, reason);
        output.Do(new ToTrainerSupervisor(new RetireTrainer(trainer.Number)));

        // A single trainer was never verified.
        if (roster.Count == 1)
            trainer.Doubt();
        roster.Remove(trainer);
        roster.Quarantine(trainer.Number);
        decisions.Record(new TrainerQuarantined(output.Now, progress.Step, trainer.Number, by, reason));
        output.Warn($"trainer {trainer.Number} is quarantined: {reason}");
        if (roster.Quarantined.Count > options.Audit.QuarantineLimit)
            end.Fail($"{roster.Quarantined.Count} trainers are quarantined, more than audit.quarantine_limit: the machine is probably "
                + $"faulty; run a memory test. Most recent: {reason}");
        Enlist();
    }

    public void Release(int number, string by)
    {
        if (!roster.Quarantined.Contains(number))
            throw new InvariantException($"Trainer {number} is not quarantined.");
        roster.Release(number);
        decisions.Record(new TrainerReleased(output.Now, progress.Step, number, by));
        Enlist();
    }

    /// <summary>Whether a trainer has unverified work in the weights, and must be verified before the run continues without it, or
    /// ends.</summary>
    public bool MustBeProved(TrainerEntry trainer) => trainer.UnprovedSince < progress.Step && IsAwaited(trainer);

    /// <summary>Stops retiring trainers that nothing waits for.</summary>
    public void Retire()
    {
        foreach (var trainer in roster.All.Where(static trainer => trainer.IsRetiring).ToList())
        {
            var isLastWithState = trainer.IsMember && !roster.All.Any(other => other != trainer && other.IsMember);
            if (isLastWithState || IsAwaited(trainer) || rounds.Owners.Need(trainer) || trainer.Updating is not null
                || trainer.Copying is not null || trainer.Evaluating is not null
                || trainer.Owes.Count > 0 || trainer.Rechecks.Count > 0)
                continue;
            output.Do(new ToTrainerSupervisor(new RetireTrainer(trainer.Number)));
            states.Release(trainer.Loading);
            if (trainer is { IsMember: true, Key: { } key })
                decisions.Record(new TrainerLeft(output.Now, progress.Step, key.Id, roster.NextGeneration(), "Scaled down."));
            roster.Remove(trainer);
        }
    }

    private void NoteStarted(TrainerKey key, string? node)
    {
        if (roster[key.Number] is not { } started || key.Incarnation <= started.LastIncarnation)
            return;
        if (started.Key is { } former)
            Lose(started, $"{former} was replaced by {key}.");
        (started.Key, started.LastIncarnation, started.Node) = (key, key.Incarnation, node);
        if (started.Standing == TrainerStanding.Unplaced)
            started.Standing = TrainerStanding.Starting;
        roster.Refresh(started);
    }

    private void NoteGivenUp(TrainerGivenUp given)
    {
        if (roster[given.Number] is { } trainer)
        {
            if (trainer.Key is not null)
                Lose(trainer, given.Report);
            trainer.Standing = TrainerStanding.GivenUp;
        }

        end.Fail(given.Report);
    }

    // Its trainers stopped with it.
    private void NoteSupervisorStarted()
    {
        foreach (var trainer in roster.All)
        {
            if (trainer.Key is not null)
                Lose(trainer, "The trainer supervisor failed.");
            if (!trainer.IsRetiring)
                Start(trainer);
        }
    }

    // A retiring trainer is verified first; in the last step, all are.
    private bool IsAwaited(TrainerEntry trainer) =>
        roster.CanProveNow && trainer.UnprovedSince <= progress.Step && !progress.IsComplete && !end.IsEnding
            && (trainer.IsRetiring ? trainer.IsMember : progress.IsLastStep);

    private void Start(TrainerEntry trainer)
    {
        output.Do(new ToTrainerSupervisor(new StartTrainer(trainer.Number, trainer.LastIncarnation)));
        roster.Refresh(trainer);
    }
}

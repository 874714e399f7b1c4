using ActorTrain.Actors.Journal;
using ActorTrain.Actors.Metrics;
using ActorTrain.Actors.Training;
using ActorTrain.Models;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Run;

/// <content>What is kept: when the state is looked at, metrics, the journal; and how the run ends.</content>
public sealed partial class RunLogic
{
    private readonly bool isNew;
    private readonly HashSet<string> lostActors = [];
    private readonly Dictionary<int, FormerTrainer> retired = [];
    private readonly long? recordedCheckpoint;

    // The step whose weights are to be evaluated, and by whom they are.
    private long? evaluationDue;
    private TrainerEntry? evaluator;
    private long evaluatedStep = -1;

    private long boundaryStep = -1;

    private string? stopping;
    private string? failing;
    private bool isEndRecorded;
    private DateTimeOffset endAt;

    private bool IsEnding => stopping is not null || failing is not null;

    // At a boundary: is the state now reached to be evaluated, saved, or copied for somebody?
    private void LookAround()
    {
        if (round is null && boundaryStep != step)
        {
            checkpointing.NoteBoundary(step, savedStep, now);
            boundaryStep = step;
            var isLast = step == lastStep;
            if (options.HasHeldOut && evaluatedStep != step && (isLast || (step > 0 && !IsEnding && IsDue(options.EvaluateEvery))))
                evaluationDue = step;
            if (savedStep != step && (isLast || (step > 0 && checkpointing.IsDue(step, now) && !MakesWay())))
                saveDue = step;
            snapshotDue = step > 0 && IsDue(options.SnapshotEvery) && !IsEnding;
            Prove();
        }

        if (IsEnding)
        {
            GiveUpEvaluation();
            if (round is null || failing is not null)
                saveDue = savedStep == step || saving?.Step == step || saveNext?.Snapshot.Step == step ? null : step;
        }

        if (evaluationDue == step && evaluator is null && Ready() is { } chosen)
        {
            evaluator = chosen;
            chosen.Evaluating = new Evaluate(step);
            Tell(chosen, chosen.Evaluating);
        }

        if ((saveDue is not null || snapshotWanted || snapshotDue) && copying is null && !LetsFinish() && IsTrusted())
            TakeSnapshot();
    }

    private bool IsDue(int every) => every > 0 && step % every == 0;

    // What is kept is what all have; and the last state, which no step comes after that would find a difference, is waited for by all.
    private bool IsTrusted() =>
        (step < lastStep || trainers.Values.All(trainer => !trainer.IsMember || trainer.Step == step)) && StatesAgree();

    private TrainerEntry? Ready() => trainers.Values.Where(trainer => trainer.IsMember && trainer.ToldStep == step).MinBy(static trainer => trainer.LanesOwed);

    private void Evaluated(TrainerEntry trainer, Evaluated evaluated)
    {
        if (trainer.Evaluating?.Step != evaluated.Step)
            return;
        (trainer.Evaluating, evaluator, evaluationDue) = (null, null, null);
        evaluatedStep = evaluated.Step;
        var measurement = new EvaluationMeasurement(evaluated.Step, evaluated.Loss, evaluated.Perplexity, evaluated.BitsPerByte);
        AddMetrics(new MetricsItem(measurement, evaluated.Step));
        Do(new Show(measurement, lastStep));
    }

    // A stop does not wait for an evaluation, unless it is the last one, which a finished run is worth. The step that is evaluated is then the one
    // that is saved, so that whoever goes on from there evaluates it.
    private void GiveUpEvaluation()
    {
        if (evaluationDue is not { } due || (due == lastStep && failing is null))
            return;
        if (evaluator is { Evaluating: { } asked })
        {
            Tell(evaluator, new CancelEvaluation(asked.Step));
            evaluator.Evaluating = null;
        }

        (evaluationDue, evaluator) = (null, null);
        AbandonRound();
    }

    private void AddMetrics(MetricsItem item)
    {
        if (metrics.Add(item, journal.Last) is { } command)
            Do(new ToMetrics(command));
    }

    private void Acknowledge(long decision)
    {
        journal.Acknowledge(decision);
        if (metrics.NoteDecided(journal.Durable))
            RepeatMetrics();
    }

    private void Hear(MetricsReport report)
    {
        switch (report)
        {
            case PublisherStarted started:
                var (start, isNew) = metrics.Meet(started);
                Do(new ToMetrics(start));
                if (isNew)
                    RepeatMetrics();
                break;
            case Published published:
                metrics.Hear(published);
                break;
            case MetricsDurable durable:
                metrics.Hear(durable);
                break;
            case MetricsFailed failed:
                failing ??= $"The run is saved after step {step} and stops there, for lack of that step's metrics: {failed.Reason}";
                lostActors.Add(MetricsActor);
                break;
        }
    }

    private void RepeatMetrics()
    {
        foreach (var command in metrics.Sendable)
            Do(new ToMetrics(command));
        if (saveNext is { } next && metrics.Durable < next.MetricsNumber)
            Do(new ToMetrics(new FlushMetrics(next.MetricsNumber)));
    }

    private void Hear(JournalReport report)
    {
        switch (report)
        {
            case Recorded recorded:
                Acknowledge(recorded.Number);
                break;
            case JournalRecovered recovered:
                if (journal.NoteRecovered(recovered.Events))
                    Do(new Say($"the journal's database is back; {journal.Count} decisions that waited are written now.", IsWarning: false));
                Acknowledge(recovered.Events.Count);
                RepeatJournal();
                break;
            case JournalUnreadable told:
                failing ??= $"The journal cannot be read {told.Reason}; what was decided since is kept for the next start.";
                lostActors.Add(JournalActor);
                break;
            case JournalAway told:
                journal.NoteAway();
                Count(JournalActor, told.Reason);
                Warn($"the journal's database is away; decisions wait, at most {options.JournalBuffer}: {told.Reason}");
                break;
        }
    }

    private void RepeatJournal()
    {
        foreach (var command in journal.Commands)
            Do(new ToJournal(command));
    }

    private bool IsLost(string actor) => lostActors.Contains(actor);

    private void End()
    {
        var isComplete = step == lastStep && evaluationDue is null;
        if (ended || !(isComplete || IsEnding))
            return;
        var canSave = !IsLost(CheckpointActor) && (saving is not null || saveNext is not null || trainers.Values.Any(static trainer => trainer.HasState));
        var isSaved = savedStep == step && saving is null && saveNext is null;
        if (!isSaved && (canSave || failing is null))
        {
            // A stop, or the end of the run, waits for a trainer; a failure saves what is there.
            return;
        }

        if (!isSaved && !IsLost(CheckpointActor) && slots.Newest is { } left && left.Step > (savedStep ?? -1) && saving is null && saveNext is null)
        {
            slots.Pin(left.Slot);
            saveNext = (left, 0);
            Save();
            return;
        }

        if (saving is not null && !IsLost(CheckpointActor))
            return;
        if (!isEndRecorded)
        {
            (isEndRecorded, endAt) = (true, now);
            Record(isSaved && isComplete && failing is null
                ? new RunFinished(now, step, savedHash ?? Origin.WeightsHash ?? "")
                : new RunStopped(now, savedStep ?? 0, failing ?? stopping!));
        }

        // What is not written by then is left to whoever goes on.
        var isWritten = (journal.Count == 0 || IsLost(JournalActor)) && (metrics.Count == 0 || IsLost(MetricsActor));
        if (!isWritten && now - endAt < options.EndPatience)
            return;
        ended = true;
        var ending = failing is not null ? RunEnding.Failed : isComplete ? RunEnding.Finished : RunEnding.Stopped;
        Do(new EndRun(new RunEnded(ending, savedStep ?? 0, failing ?? stopping ?? "All steps are taken.")));
    }
}

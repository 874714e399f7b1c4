using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Run;

/// <summary>Ends a run once its last state is saved and its decisions and metrics are written.</summary>
internal sealed class EndOfRun(
    TimeSpan patience, RunOutput output, RunEnd end, Decisions decisions, MetricsStream metrics, TrainerRoster roster, RunProgress progress,
    KeptStates states, Saving saving, Evaluations evaluations)
{
    private bool IsComplete => progress.IsComplete && !evaluations.IsDue;

    // The next process writes what is still missing after the timeout.
    private bool IsWritten =>
        (decisions.WaitingCount == 0 || end.IsLost(ActorRole.Journal)) && (metrics.WaitingCount == 0 || end.IsLost(ActorRole.Metrics));

    public void Advance()
    {
        if (end.IsOver || !(IsComplete || end.IsEnding) || WaitsForSave())
            return;
        if (!end.IsRecorded)
            Record();
        if (!IsWritten && end.Since(output.Now) < patience)
            return;
        if (IsComplete && end.Failure is null && saving.SavedStep != progress.LastStep)
            throw new InvariantException($"The run ends after step {progress.LastStep}, and step {saving.SavedStep} is saved.");
        end.NoteOver();
        var ending = end.Failure is not null ? RunEnding.Failed : IsComplete ? RunEnding.Finished : RunEnding.Stopped;
        output.Do(new EndRun(new RunEnded(ending, saving.SavedStep ?? 0, end.Failure ?? end.StopReason ?? "All steps are done.")));
    }

    // A stop, or the end of the run, waits for a trainer; a failure, or where no node has room for one, saves whatever state exists.
    private bool WaitsForSave()
    {
        var canSave = !end.IsLost(ActorRole.Checkpointer) && (!saving.IsIdle || roster.All.Any(static trainer => trainer.HasState));
        var mayCome = end.Failure is null && (IsComplete || roster.All.Any(static trainer => trainer.Standing != TrainerStanding.Unplaced));
        return (!saving.IsEndSaved && (canSave || mayCome || saving.SaveNewest()))
            || (saving.IsWriting && !end.IsLost(ActorRole.Checkpointer));
    }

    private void Record()
    {
        end.NoteRecorded(output.Now);
        decisions.Record(saving.IsEndSaved && IsComplete && end.Failure is null
            ? new RunFinished(output.Now, progress.Step, saving.SavedHash ?? states.Origin.WeightsHash ?? "")
            : new RunStopped(output.Now, saving.SavedStep ?? 0, end.Failure ?? end.StopReason!));
    }
}

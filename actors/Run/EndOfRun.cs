using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Run;

/// <summary>Ends a run, once its last state is saved, and what it decided and measured is written.</summary>
internal sealed class EndOfRun(
    TimeSpan patience, RunOutput output, RunEnd end, Decisions decisions, MetricsStream metrics, TrainerRoster roster, RunProgress progress,
        KeptStates states, Saving saving,
    Evaluations evaluations)
{
    private bool IsComplete => progress.IsComplete && !evaluations.IsDue;

    private bool IsSaved => saving.SavedStep == progress.Step && saving.IsIdle;

    // What is not written by then is left to the next process.
    private bool IsWritten =>
        (decisions.WaitingCount == 0 || end.IsLost(ActorRole.Journal)) && (metrics.WaitingCount == 0 || end.IsLost(ActorRole.Metrics));

    /// <summary>Does the next that is due, if the run is to end.</summary>
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

    // A stop, or the end of the run, waits for a trainer; a failure saves what is there.
    private bool WaitsForSave()
    {
        var canSave = !end.IsLost(ActorRole.Checkpointer) && (!saving.IsIdle || roster.All.Any(static trainer => trainer.HasState));
        return (!IsSaved && (canSave || end.Failure is null || saving.SaveNewest()))
            || (saving.IsWriting && !end.IsLost(ActorRole.Checkpointer));
    }

    private void Record()
    {
        end.NoteRecorded(output.Now);
        decisions.Record(IsSaved && IsComplete && end.Failure is null
            ? new RunFinished(output.Now, progress.Step, saving.SavedHash ?? states.Origin.WeightsHash ?? "")
            : new RunStopped(output.Now, saving.SavedStep ?? 0, end.Failure ?? end.StopReason!));
    }
}

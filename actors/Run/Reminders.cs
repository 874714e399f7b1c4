using ActorTrain.Actors.Protocol;

namespace ActorTrain.Actors.Run;

/// <summary>Repeats unanswered requests with exponential backoff, and abandons recipients that stay silent too long.</summary>
internal sealed class Reminders(
    RunLogicOptions options, RunOutput output, RunEnd end, Decisions decisions, MetricsStream metrics, TrainerReminders trainers,
    Rounds rounds, StepJudge judge, Saving saving, Experiences experiences)
{
    private DateTimeOffset? wakeAt;
    private DateTimeOffset repeatedAt;

    public void Remind()
    {
        wakeAt = null;
        trainers.Remind();
        rounds.Lanes.BackUp();
        rounds.RemindReducers();
        judge.Remind();
        saving.Remind();
        experiences.Remind();
        if (output.Now < repeatedAt)
            return;
        decisions.Repeat();
        metrics.Repeat();
        repeatedAt = output.Now + options.RetryInterval;
    }

    /// <summary>Requests a <see cref="Tick"/> for when the next reminder is due.</summary>
    public void Schedule()
    {
        // Nothing is due sooner than a retry interval from now, so an earlier wake-up suffices.
        if (end.IsOver || wakeAt <= output.Now + options.RetryInterval)
            return;
        var next = NextAt();
        if (wakeAt is null || next < wakeAt)
            output.Do(new WakeAt((wakeAt = next).Value));
    }

    private DateTimeOffset NextAt()
    {
        DateTimeOffset? outbox = decisions.WaitingCount > 0 || metrics.WaitingCount > 0 || saving.IsWaiting ? repeatedAt : null;
        var next = new[] { trainers.DueAt, rounds.Lanes.LateAt, rounds.ReducersDueAt, judge.DueAt, saving.DueAt, experiences.DueAt, outbox,
            output.Now + options.TrainerTimeout }.Min()!.Value;
        return next > output.Now ? next : output.Now + options.RetryInterval;
    }
}

using ActorTrain.Actors.Protocol;

namespace ActorTrain.Actors.Run;

/// <summary>What is not answered is asked again, ever more rarely, and what stays silent too long is given up.</summary>
internal sealed class Reminders(
    RunLogicOptions options, RunOutput output, RunEnd end, Decisions decisions, MetricsStream metrics, TrainerReminders trainers,
        Rounds rounds, StepJudge judge, Saving saving)
{
    private DateTimeOffset? wakeAt;
    private DateTimeOffset repeatedAt;

    public void Remind()
    {
        wakeAt = null;
        trainers.Remind();
        rounds.RemindReducers();
        judge.Remind();
        saving.Remind();
        if (output.Now < repeatedAt)
            return;
        decisions.Repeat();
        metrics.Repeat();
        repeatedAt = output.Now + options.RetryInterval;
    }

    /// <summary>Asks for a <see cref="Tick"/> when the next is due.</summary>
    public void Schedule()
    {
        // Nothing is due sooner than a retry interval from now, so a reminder before that will do.
        if (end.IsOver || wakeAt <= output.Now + options.RetryInterval)
            return;
        var next = NextAt();
        if (wakeAt is null || next < wakeAt)
            output.Do(new WakeAt((wakeAt = next).Value));
    }

    private DateTimeOffset NextAt()
    {
        DateTimeOffset? outbox = decisions.WaitingCount > 0 || metrics.WaitingCount > 0 || saving.IsWaiting ? repeatedAt : null;
        var next = new[] { trainers.DueAt, rounds.ReducersDueAt, judge.DueAt, saving.DueAt, outbox,
            output.Now + options.TrainerTimeout }.Min()!.Value;
        return next > output.Now ? next : output.Now + options.RetryInterval;
    }
}

using ActorTrain.Actors.Goodput;
using ActorTrain.Actors.Protocol;
using ActorTrain.Persistence.Goodput;

namespace ActorTrain.Actors.Run;

/// <summary>The status of a run, for display, and its current activity for the time account.</summary>
internal sealed class RunView(
    RunEnd end, Decisions decisions, MetricsStream metrics, TrainerRoster roster, RunProgress progress, Rounds rounds, Saving saving,
    Evaluations evaluations, Experiences experiences, OperatorDesk operators, FaultCounts faults, TimeAccount time)
{
    private bool IsHeldUp => decisions.HoldsUp || metrics.HoldsUp;

    public RunStatus Status() => new(
        progress.Step, progress.LastStep, roster.Generation, Phase(), [.. roster.All.Select(static trainer => trainer.Status())],
            decisions.WaitingCount, [.. faults.All])
    {
        Overrides = new OverridesStatus
        {
            IsPaused = operators.HasPaused,
            Quarantined = [.. roster.Quarantined],
            InForce = progress.Overrides.Interventions,
            Pending = [.. progress.Interventions.Pending(progress.Overrides)],
            Spikes = decisions.Known.Spikes,
            Vetoes = decisions.Known.Vetoes,
            Rollbacks = decisions.Known.Rollbacks,
            Corruptions = decisions.Known.Corruptions,
        },
    };

    /// <summary>The activity from now on; null if unchanged.</summary>
    public GoodputTurn? Turn(DateTimeOffset now)
    {
        time.Follow(progress.Step);
        return time.Turn(now, Doing(), progress.Step);
    }

    private RunPhase Phase() => end.IsOver ? RunPhase.Ended
        : end.Failure is not null ? RunPhase.Failing
        : end.StopReason is not null ? RunPhase.Stopping
        : decisions.HoldsUp ? RunPhase.WaitingForDatabase
        : metrics.HoldsUp ? RunPhase.WaitingForMetrics
        : operators.HasPaused ? RunPhase.Paused
        : progress.IsComplete ? RunPhase.Finishing
        : !roster.HasMembers ? RunPhase.WaitingForTrainer
        : rounds.Current is null && experiences.HoldsUp ? RunPhase.Generating
        : rounds.Current is { LanesAreDone: true } ? RunPhase.Reducing
        : RunPhase.Training;

    private (GoodputActivity Activity, string? Cause) Doing()
    {
        var ending = (GoodputActivity.Ending, end.Failure is null ? null : GoodputClock.Failed);
        if (end.IsRecorded)
            return ending;
        if (IsHeldUp)
            return (GoodputActivity.Recovering, decisions.HoldsUp ? "journal unavailable" : "metrics file slow");
        if (operators.HasPaused && rounds.Current is null)
            return (GoodputActivity.Paused, null);
        if (time.Trouble is { } trouble && rounds.HaveBegun)
            return (GoodputActivity.Recovering, trouble);
        if (evaluations.HoldsUp)
            return (GoodputActivity.Evaluating, null);
        if (saving.IsCopying && experiences.WantsCopy)
            return (GoodputActivity.Generating, experiences.WaitsFor);
        if (saving.IsCopying)
            return (GoodputActivity.Saving, saving.CopiesForDisk ? "checkpoint" : "snapshot");
        if (progress.IsComplete || (end.IsEnding && rounds.Current is null))
            return saving.IsSettled ? ending : (GoodputActivity.Saving, "checkpoint");
        if (rounds.Current is null && experiences.HoldsUp && roster.HasMembers)
            return (GoodputActivity.Generating, experiences.WaitsFor);
        if (rounds.HaveBegun)
            return (GoodputActivity.NewSteps, null);

        // An earlier supervisor of this process has begun before this one.
        return rounds.FirstNumber > 1 ? (GoodputActivity.Recovering, "run supervisor") : (GoodputActivity.Starting, null);
    }
}

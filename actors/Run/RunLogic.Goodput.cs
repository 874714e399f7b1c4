using ActorTrain.Actors.Goodput;
using ActorTrain.Persistence.Goodput;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Run;

/// <content>What the time goes into, as told after each input; and how the run's decisions stand, for people who look.</content>
public sealed partial class RunLogic
{
    private JournalState known = JournalState.Empty;
    private void Attribute()
    {
        time.Follow(step);
        if (time.Turn(now, Doing(), step) is { } turn)
            Do(new ToGoodput(turn));
    }

    private (GoodputActivity Activity, string? Cause) Doing()
    {
        if (ended || isEndRecorded)
            return (GoodputActivity.Ending, failing is null ? null : GoodputClock.Failed);
        if (IsPaused)
            return (GoodputActivity.Recovering, journal.HoldsUp ? "journal away" : "metrics file slow");
        if (isPaused && round is null)
            return (GoodputActivity.Paused, null);
        var isBegun = lastRound >= firstRound;
        if (time.Trouble is { } trouble && isBegun)
            return (GoodputActivity.Recovering, trouble);
        if (evaluationDue == step)
            return (GoodputActivity.Evaluating, null);
        if (copying is not null)
            return (GoodputActivity.Saving, saveDue is null ? "snapshot" : "checkpoint");
        if (step >= lastStep || (IsEnding && round is null))
            return saving is not null || saveNext is not null || saveDue is not null ? (GoodputActivity.Saving, "checkpoint") : (GoodputActivity.Ending, failing is null ? null : GoodputClock.Failed);
        if (isBegun)
            return (GoodputActivity.NewSteps, null);

        // Another supervisor of this process had begun before this one.
        return firstRound > 1 ? (GoodputActivity.Recovering, "run supervisor") : (GoodputActivity.Starting, null);
    }

    private CourseStatus CourseStatus() => new()
    {
        IsPaused = isPaused,
        Quarantined = [.. quarantined],
        InForce = course.Corrections,
        Pending = [.. interventions.Pending(course)],
        Spikes = known.Spikes,
        Vetoes = known.Vetoes,
        Rollbacks = known.Rollbacks,
        Corruptions = known.Corruptions,
    };
}

using ActorTrain.Actors.Goodput;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Goodput;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Run;

/// <content>What the time goes into, as told after each input; and how the run's decisions stand, for people who look.</content>
public sealed partial class RunLogic
{
    private JournalState known = JournalState.Empty;
    private GoodputTurn? told;
    private TimeSpan waited;

    // A fault, until the next update, and the updates there were when it was noticed.
    private (string Cause, long? Step)? trouble;

    // Decisions tell of every fault that holds a step up. The first is the cause of those that follow from it.
    private void Know(RunEvent decision)
    {
        if (CauseOf(decision) is { } cause && (trouble is null || decision is CorruptionFound))
            trouble = (cause, null);
        if (decision is TrainerQuarantined { By: not Correction.Automatic } && trouble is { Step: null })
            trouble = (GoodputReport.Operator, null);
        known = known.Apply(decision);
    }

    private string? CauseOf(RunEvent decision) => decision switch
    {
        CorruptionFound => "corruption",
        SpikeJudged { Rung: not ("accept" or "clip") } or BatchVetoed or StepReplayed => "spike",
        CourseCorrected { Correction: var correction } when correction.From < step => correction.By == Correction.Automatic ? "spike" : GoodputReport.Operator,
        RunRolledBack => "rollback",
        RunRewound => "trainer lost",

        // One that was told to go is still known by its name.
        TrainerLeft left when trainers.Values.All(trainer => trainer.Key?.ToString() != left.Trainer) => "trainer lost",
        ActorRestarted { Actor: var actor } when actor is not (CheckpointActor or MetricsActor or JournalActor or GoodputActor) => actor.StartsWith("reducer", StringComparison.Ordinal) ? "reducer" : actor,
        _ => null,
    };

    private void Attribute()
    {
        if (trouble is { Step: null } fresh)
            trouble = fresh with { Step = step };
        else if (trouble is { Step: { } at } && step > at)
            trouble = null;
        else if (trouble is { } back && back.Step > step)
            trouble = back with { Step = step };
        var (activity, cause) = Doing();
        if (told is not null && (told.Activity, told.Cause, told.Step) == (activity, cause, step))
            return;
        Do(new ToGoodput(told = new GoodputTurn(now, activity, cause, step, waited)));
        waited = TimeSpan.Zero;
    }

    private (GoodputActivity Activity, string? Cause) Doing()
    {
        if (ended || isEndRecorded)
            return (GoodputActivity.Ending, failing is null ? null : GoodputClock.Failed);
        if (IsPaused)
            return (GoodputActivity.Recovering, WaitsForJournal ? "journal away" : "metrics file slow");
        if (isPaused && round is null)
            return (GoodputActivity.Paused, null);
        var isBegun = lastRound >= firstRound;
        if (trouble is { } fault && isBegun)
            return (GoodputActivity.Recovering, fault.Cause);
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
        Pending = [.. Pending],
        Spikes = known.Spikes,
        Vetoes = known.Vetoes,
        Rollbacks = known.Rollbacks,
        Corruptions = known.Corruptions,
    };
}

using ActorTrain.Actors.Goodput;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Goodput;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Run;

/// <summary>What the time of a run goes into, as far as faults decide it: from a fault until the next update the run recovers.</summary>
internal sealed class TimeAccount
{
    private GoodputTurn? told;
    private TimeSpan waited;

    // A fault, until the next update, and the updates there were when it was noticed.
    private (string Cause, long? Step)? trouble;

    /// <summary>The cause of the recovery that continues; null: there is none.</summary>
    public string? Trouble => trouble?.Cause;

    /// <summary>An update was made, for which the slowest trainer waited so long for samples.</summary>
    public void NoteWait(TimeSpan time) => waited = time;

    /// <summary>Takes note of a decision: they tell of every fault that holds a step up. The first is the cause of those that follow from
    /// it.</summary>
    /// <param name="step">Updates so far.</param>
    /// <param name="isKnown">Whether a trainer that left is one that still belongs to the run, so that it was told to go.</param>
    public void Note(RunEvent decision, long step, Func<ActorId, bool> isKnown)
    {
        if (CauseOf(decision, step, isKnown) is { } cause && (trouble is null || decision is CorruptionFound))
            trouble = (cause, null);
        if (decision is TrainerQuarantined { By: not Intervention.Automatic } && trouble is { Step: null })
            trouble = (GoodputReport.Operator, null);
    }

    /// <summary>Brings the fault up to date with the updates so far.</summary>
    public void Follow(long step)
    {
        if (trouble is { Step: { } at } && step > at)
            trouble = null;
        else if (trouble is { } fault && (fault.Step is null || fault.Step > step))
            trouble = fault with { Step = step };
    }

    /// <summary>What is to be told of what the run does now; null: that is known.</summary>
    public GoodputTurn? Turn(DateTimeOffset now, (GoodputActivity Activity, string? Cause) doing, long step)
    {
        if (told is not null && (told.Activity, told.Cause, told.Step) == (doing.Activity, doing.Cause, step))
            return null;
        if (told is not null && now < told.At)
            throw new InvariantException($"It is {now:O}, and was {told.At:O}.");
        told = new GoodputTurn(now, doing.Activity, doing.Cause, step, waited);
        waited = TimeSpan.Zero;
        return told;
    }

    private static string? CauseOf(RunEvent decision, long step, Func<ActorId, bool> isKnown) => decision switch
    {
        CorruptionFound => "corruption",
        SpikeJudged { Rung: not (Rung.Accept or Rung.Clip) } or BatchVetoed or StepReplayed => "spike",
        CourseCorrected { Intervention: var intervention } when intervention.From < step =>
            intervention.By == Intervention.Automatic ? "spike" : GoodputReport.Operator,
        RunRolledBack => "rollback",
        RunRewound => "trainer lost",
        TrainerLeft left when !isKnown(left.Trainer) => "trainer lost",
        ActorRestarted { Actor.Role: ActorRole.Checkpointer or ActorRole.Metrics or ActorRole.Journal or ActorRole.Goodput } => null,
        ActorRestarted { Actor: var actor } => actor.Role == ActorRole.Reducer ? "reducer" : actor.ToString(),
        _ => null,
    };
}

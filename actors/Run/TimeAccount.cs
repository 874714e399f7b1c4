using ActorTrain.Actors.Goodput;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Goodput;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Run;

/// <summary>Attributes the time of a run to faults: from a fault until the next update, the run is recovering.</summary>
internal sealed class TimeAccount
{
    private GoodputTurn? told;
    private TimeSpan waited;

    // The current fault, and the number of updates when it was noticed.
    private (string Cause, long? Step)? trouble;

    /// <summary>The cause of the current recovery; null if there is none.</summary>
    public string? Trouble => trouble?.Cause;

    /// <param name="time">Longest wait of a trainer for its samples.</param>
    public void NoteWait(TimeSpan time) => waited = time;

    /// <summary>Updates the account from a decision. The first fault is the cause of those that follow from it.</summary>
    /// <param name="isKnown">Whether a trainer that left still belongs to the run, that is, was retired.</param>
    public void Note(RunEvent decision, long step, Func<ActorId, bool> isKnown)
    {
        if (CauseOf(decision, step, isKnown) is { } cause && (trouble is null || decision is CorruptionFound))
            trouble = (cause, null);
        if (decision is TrainerQuarantined { By: not Intervention.Automatic } && trouble is { Step: null })
            trouble = (GoodputReport.Operator, null);
    }

    /// <summary>Ends the fault at the next update.</summary>
    public void Follow(long step)
    {
        if (trouble is { Step: { } at } && step > at)
            trouble = null;
        else if (trouble is { } fault && (fault.Step is null || fault.Step > step))
            trouble = fault with { Step = step };
    }

    /// <summary>The activity to report; null if unchanged.</summary>
    public GoodputTurn? Turn(DateTimeOffset now, (GoodputActivity Activity, string? Cause) doing, long step)
    {
        if (told is not null && (told.Activity, told.Cause, told.Step) == (doing.Activity, doing.Cause, step))
            return null;
        if (told is not null && now < told.At)
            throw new InvariantException($"Time went back from {told.At:O} to {now:O}.");
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
        ActorRestarted { Actor: var actor } => ActorId.AreNumbered(actor.Role) ? actor.RoleName : actor.ToString(),
        _ => null,
    };
}

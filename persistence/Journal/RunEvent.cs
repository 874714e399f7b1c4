using System.Text.Json.Serialization;
using ActorTrain.Models;
using ActorTrain.Models.Plan;

namespace ActorTrain.Persistence.Journal;

/// <summary>A decision of a run: what cannot be derived from its configuration and its data. Steps count updates taken so far.</summary>
/// <param name="At">When it was taken, UTC.</param>
public abstract record RunEvent(DateTimeOffset At, long Step);

/// <param name="ConfigurationHash">SHA-256 of what the result depends on.</param>
public sealed record RunStarted(DateTimeOffset At, string ConfigurationHash, long Steps, int Lanes, int Trainers) : RunEvent(At, 0);

/// <summary>The run resumes from a state that was kept, in a new process or after its supervisor failed.</summary>
/// <param name="Step">Updates that the state has seen; later ones are taken again.</param>
public sealed record RunResumed(DateTimeOffset At, long Step, StateKind From, int Trainers) : RunEvent(At, Step)
{
    /// <summary>How the process before ended, in one sentence, where more is known than that it did.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? FormerEnd { get; init; }
}

/// <summary>A trainer takes part from now on.</summary>
public sealed record TrainerJoined(DateTimeOffset At, long Step, ActorId Trainer, long Generation) : RunEvent(At, Step);

/// <summary>A trainer takes part no longer; its lanes went to others.</summary>
public sealed record TrainerLeft(DateTimeOffset At, long Step, ActorId Trainer, long Generation, string Reason) : RunEvent(At, Step);

/// <summary>The number of trainers was changed by hand.</summary>
public sealed record TrainersScaled(DateTimeOffset At, long Step, int Trainers) : RunEvent(At, Step);

/// <summary>No trainer had the newest state any more, so later steps are taken again from one that was kept.</summary>
/// <param name="Step">Updates that the state has seen.</param>
public sealed record RunRewound(DateTimeOffset At, long Step, long LostStep, StateKind From) : RunEvent(At, Step);

/// <summary>Another actor than a trainer failed, was restarted and asked again.</summary>
public sealed record ActorRestarted(DateTimeOffset At, long Step, ActorId Actor, string Reason) : RunEvent(At, Step);

/// <summary>A step's update was not applied; its batch is never trained on.</summary>
/// <param name="Skipped">Positions of the sample stream that are skipped from now on.</param>
public sealed record BatchVetoed(DateTimeOffset At, long Step, EquatableArray<SkippedRange> Skipped, string Reason) : RunEvent(At, Step);

/// <summary>A step looked like a spike, and the run answered it.</summary>
/// <param name="Step">Updates before the step that was judged.</param>
/// <param name="Onset">The first step, counted from 0, that shows it.</param>
public sealed record SpikeJudged(
    DateTimeOffset At, long Step, string Rule, string Signal, double Value, double Limit, long Onset, Rung Rung, string Evidence)
        : RunEvent(At, Step);

/// <summary>A suspicious step was computed again, by other trainers where there are any.</summary>
/// <param name="Agreed">Whether all bits were the same: then the data, in this state, are the cause, else a machine is.</param>
public sealed record StepReplayed(DateTimeOffset At, long Step, bool Agreed, string Evidence) : RunEvent(At, Step);

/// <summary>An intervention, by itself or by an operator.</summary>
/// <param name="Step">Updates so far when that was decided.</param>
public record CourseCorrected(
    DateTimeOffset At, long Step, [property: JsonPropertyName("correction")] Intervention Intervention) : RunEvent(At, Step);

/// <summary>The run was made longer: it takes steps beyond those with which it was started or last extended, also where these were all
/// taken.</summary>
/// <param name="Step">Updates so far when that was decided.</param>
public sealed record RunExtended(DateTimeOffset At, long Step, Intervention Intervention) : CourseCorrected(At, Step, Intervention);

/// <summary>All trainers rolled back to an earlier state; later steps are taken again.</summary>
/// <param name="Step">Updates that the state has seen.</param>
public sealed record RunRolledBack(DateTimeOffset At, long Step, long LostStep, StateKind From, string Reason) : RunEvent(At, Step);

/// <summary>Why there was a spike, as far as that can be told.</summary>
/// <param name="Step">Updates before the step that spiked.</param>
public sealed record SpikeExplained(DateTimeOffset At, long Step, SpikeCause Cause, string Evidence) : RunEvent(At, Step);

/// <summary>Memory corruption, or a trainer that computed different bits.</summary>
public sealed record CorruptionFound(DateTimeOffset At, long Step, ActorId Actor, string Evidence) : RunEvent(At, Step);

/// <summary>A trainer takes no part any more, and is not started again until it is released; another takes its place.</summary>
public sealed record TrainerQuarantined(DateTimeOffset At, long Step, int Trainer, string By, string Reason) : RunEvent(At, Step);

/// <summary>A trainer may take part again.</summary>
public sealed record TrainerReleased(DateTimeOffset At, long Step, int Trainer, string By) : RunEvent(At, Step);

/// <summary>No step is started until an operator resumes the run.</summary>
public sealed record RunPaused(DateTimeOffset At, long Step, string By) : RunEvent(At, Step);

/// <summary>Steps are taken again after a pause.</summary>
public sealed record RunContinued(DateTimeOffset At, long Step, string By) : RunEvent(At, Step);

/// <summary>A checkpoint has proved good: training continued from it beyond the time in which a fault shows, and stayed healthy.</summary>
/// <param name="WeightsHash">SHA-256 of its weights.</param>
public sealed record CheckpointProved(DateTimeOffset At, long Step, long ProvedAt, string WeightsHash) : RunEvent(At, Step);

/// <summary>Checkpoints are written at another interval from now on.</summary>
public sealed record SaveIntervalChosen(DateTimeOffset At, long Step, long Every, string Reason) : RunEvent(At, Step);

/// <summary>A checkpoint is complete on disk.</summary>
/// <param name="WeightsHash">SHA-256 of its weights.</param>
public sealed record CheckpointCommitted(DateTimeOffset At, long Step, string WeightsHash) : RunEvent(At, Step);

/// <summary>A checkpoint could not be written; training continued.</summary>
public sealed record CheckpointLost(DateTimeOffset At, long Step, string Reason) : RunEvent(At, Step);

/// <summary>The run was stopped in order, and can continue.</summary>
public sealed record RunStopped(DateTimeOffset At, long Step, string Reason) : RunEvent(At, Step);

/// <summary>The run has taken its last step.</summary>
/// <param name="WeightsHash">SHA-256 of the weights it ends with.</param>
public sealed record RunFinished(DateTimeOffset At, long Step, string WeightsHash) : RunEvent(At, Step);

using System.Text.Json.Serialization;
using ActorTrain.Models;
using ActorTrain.Models.Plan;

namespace ActorTrain.Persistence.Journal;

/// <summary>A decision of a run, which cannot be derived from its configuration and data. Steps count updates so far.</summary>
/// <param name="At">UTC.</param>
public abstract record RunEvent(DateTimeOffset At, long Step);

/// <param name="ConfigurationHash">SHA-256 of the options that determine the result.</param>
public sealed record RunStarted(DateTimeOffset At, string ConfigurationHash, long Steps, int Lanes, int Trainers) : RunEvent(At, 0);

/// <summary>The run resumes from a kept state, in a new process or after its supervisor failed.</summary>
/// <param name="Step">Updates that the state has seen; later ones are redone.</param>
public sealed record RunResumed(DateTimeOffset At, long Step, StateKind From, int Trainers) : RunEvent(At, Step)
{
    /// <summary>How the previous process ended, in one sentence; null if nothing more is known than that it did.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? FormerEnd { get; init; }
}

public sealed record TrainerJoined(DateTimeOffset At, long Step, ActorId Trainer, long Generation) : RunEvent(At, Step);

/// <summary>A trainer has left; its lanes are reassigned.</summary>
public sealed record TrainerLeft(DateTimeOffset At, long Step, ActorId Trainer, long Generation, string Reason) : RunEvent(At, Step);

public sealed record TrainersScaled(DateTimeOffset At, long Step, int Trainers) : RunEvent(At, Step);

/// <summary>No trainer had the newest state any more, so later steps are redone from a kept one.</summary>
/// <param name="Step">Updates that the state has seen.</param>
public sealed record RunRewound(DateTimeOffset At, long Step, long LostStep, StateKind From) : RunEvent(At, Step);

/// <summary>An actor other than a trainer failed and was restarted.</summary>
public sealed record ActorRestarted(DateTimeOffset At, long Step, ActorId Actor, string Reason) : RunEvent(At, Step);

/// <summary>A step's update was not applied; its batch is never trained on.</summary>
/// <param name="Skipped">Positions of the sample stream that are skipped from now on.</param>
public sealed record BatchVetoed(DateTimeOffset At, long Step, EquatableArray<SkippedRange> Skipped, string Reason) : RunEvent(At, Step);

/// <summary>A step looked like a spike, and the run responded.</summary>
/// <param name="Step">Updates before the judged step.</param>
/// <param name="Onset">The first affected step, counted from 0.</param>
public sealed record SpikeJudged(
    DateTimeOffset At, long Step, string Rule, string Signal, double Value, double Limit, long Onset, Rung Rung, string Evidence)
        : RunEvent(At, Step);

/// <summary>A suspicious step was recomputed, by other trainers if there are any.</summary>
/// <param name="Agreed">Whether all bits were the same: then the data, in this state, are the cause, else a machine is.</param>
public sealed record StepReplayed(DateTimeOffset At, long Step, bool Agreed, string Evidence) : RunEvent(At, Step);

/// <summary>An intervention of the run itself or of an operator.</summary>
/// <param name="Step">Updates at the decision.</param>
public record CourseCorrected(
    DateTimeOffset At, long Step, [property: JsonPropertyName("correction")] Intervention Intervention) : RunEvent(At, Step);

/// <summary>The run was extended beyond its last step, perhaps after it was finished.</summary>
/// <param name="Step">Updates at the decision.</param>
public sealed record RunExtended(DateTimeOffset At, long Step, Intervention Intervention) : CourseCorrected(At, Step, Intervention);

/// <summary>All trainers rolled back to an earlier state; later steps are redone.</summary>
/// <param name="Step">Updates that the state has seen.</param>
public sealed record RunRolledBack(DateTimeOffset At, long Step, long LostStep, StateKind From, string Reason) : RunEvent(At, Step);

/// <summary>The probable cause of a spike.</summary>
/// <param name="Step">Updates before the step that spiked.</param>
public sealed record SpikeExplained(DateTimeOffset At, long Step, SpikeCause Cause, string Evidence) : RunEvent(At, Step);

/// <summary>Memory corruption, or a trainer that computed different bits.</summary>
public sealed record CorruptionFound(DateTimeOffset At, long Step, ActorId Actor, string Evidence) : RunEvent(At, Step);

/// <summary>A trainer is excluded until it is released; another takes its place.</summary>
public sealed record TrainerQuarantined(DateTimeOffset At, long Step, int Trainer, string By, string Reason) : RunEvent(At, Step);

public sealed record TrainerReleased(DateTimeOffset At, long Step, int Trainer, string By) : RunEvent(At, Step);

/// <summary>No step is started until an operator resumes the run.</summary>
public sealed record RunPaused(DateTimeOffset At, long Step, string By) : RunEvent(At, Step);

public sealed record RunContinued(DateTimeOffset At, long Step, string By) : RunEvent(At, Step);

/// <summary>A checkpoint is good: training continued from it for longer than a fault takes to show, and stayed healthy.</summary>
/// <param name="WeightsHash">SHA-256 of its weights.</param>
public sealed record CheckpointProved(DateTimeOffset At, long Step, long ProvedAt, string WeightsHash) : RunEvent(At, Step);

public sealed record SaveIntervalChosen(DateTimeOffset At, long Step, long Every, string Reason) : RunEvent(At, Step);

/// <param name="WeightsHash">SHA-256 of its weights.</param>
public sealed record CheckpointCommitted(DateTimeOffset At, long Step, string WeightsHash) : RunEvent(At, Step);

/// <summary>A checkpoint could not be written; training continued.</summary>
public sealed record CheckpointLost(DateTimeOffset At, long Step, string Reason) : RunEvent(At, Step);

public sealed record RunStopped(DateTimeOffset At, long Step, string Reason) : RunEvent(At, Step);

/// <summary>The run has taken its last step.</summary>
/// <param name="WeightsHash">SHA-256 of the final weights.</param>
public sealed record RunFinished(DateTimeOffset At, long Step, string WeightsHash) : RunEvent(At, Step);

using ActorTrain.Models.Plan;

namespace ActorTrain.Persistence.Journal;

/// <summary>A decision of a run: what cannot be derived from its configuration and its data. Steps count updates taken so far.</summary>
/// <param name="At">When it was taken, UTC.</param>
/// <param name="Step">Updates so far.</param>
public abstract record RunEvent(DateTimeOffset At, long Step);

/// <summary>The run was begun.</summary>
/// <param name="At">When.</param>
/// <param name="ConfigurationHash">SHA-256 of what the result depends on.</param>
/// <param name="Steps">Steps it is to take.</param>
/// <param name="Lanes">Lanes of its global batch.</param>
/// <param name="Trainers">Trainers it begins with.</param>
public sealed record RunStarted(DateTimeOffset At, string ConfigurationHash, long Steps, int Lanes, int Trainers) : RunEvent(At, 0);

/// <summary>The run goes on from a state that was kept, in a new process or after its supervisor failed.</summary>
/// <param name="At">When.</param>
/// <param name="Step">Updates that the state has seen; later ones are taken again.</param>
/// <param name="From">Where the state was: "checkpoint", "snapshot", "seed".</param>
/// <param name="Trainers">Trainers it goes on with.</param>
public sealed record RunResumed(DateTimeOffset At, long Step, string From, int Trainers) : RunEvent(At, Step);

/// <summary>A trainer takes part from now on.</summary>
/// <param name="At">When.</param>
/// <param name="Step">Updates so far.</param>
/// <param name="Trainer">Which one, such as trainer-0-2.</param>
/// <param name="Generation">The membership that begins with it.</param>
public sealed record TrainerJoined(DateTimeOffset At, long Step, string Trainer, long Generation) : RunEvent(At, Step);

/// <summary>A trainer takes part no longer; its lanes went to others.</summary>
/// <param name="At">When.</param>
/// <param name="Step">Updates so far.</param>
/// <param name="Trainer">Which one.</param>
/// <param name="Generation">The membership that begins without it.</param>
/// <param name="Reason">Why, in one sentence.</param>
public sealed record TrainerLeft(DateTimeOffset At, long Step, string Trainer, long Generation, string Reason) : RunEvent(At, Step);

/// <summary>The number of trainers was changed by hand.</summary>
/// <param name="At">When.</param>
/// <param name="Step">Updates so far.</param>
/// <param name="Trainers">Trainers wanted from now on.</param>
public sealed record TrainersScaled(DateTimeOffset At, long Step, int Trainers) : RunEvent(At, Step);

/// <summary>No trainer had the newest state any more, so later steps are taken again from one that was kept.</summary>
/// <param name="At">When.</param>
/// <param name="Step">Updates that the state has seen.</param>
/// <param name="LostStep">Updates that had been taken.</param>
/// <param name="From">Where the state was: "checkpoint", "snapshot", "seed".</param>
public sealed record RunRewound(DateTimeOffset At, long Step, long LostStep, string From) : RunEvent(At, Step);

/// <summary>Another actor than a trainer failed, was restarted and asked again.</summary>
/// <param name="At">When.</param>
/// <param name="Step">Updates so far.</param>
/// <param name="Actor">Its name.</param>
/// <param name="Reason">Why, in one sentence.</param>
public sealed record ActorRestarted(DateTimeOffset At, long Step, string Actor, string Reason) : RunEvent(At, Step);

/// <summary>A step's update was not applied; its batch is never trained on.</summary>
/// <param name="At">When.</param>
/// <param name="Step">Updates so far.</param>
/// <param name="Skipped">Positions of the sample stream that are left out from now on.</param>
/// <param name="Reason">Why, in words.</param>
public sealed record BatchVetoed(DateTimeOffset At, long Step, IReadOnlyList<SkippedRange> Skipped, string Reason) : RunEvent(At, Step)
{
    /// <inheritdoc/>
    public bool Equals(BatchVetoed? other) => base.Equals(other) && Reason == other.Reason && Skipped.SequenceEqual(other.Skipped);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(base.GetHashCode(), Reason, Skipped.Count);
}

/// <summary>A checkpoint is complete on disk.</summary>
/// <param name="At">When.</param>
/// <param name="Step">Its step.</param>
/// <param name="WeightsHash">SHA-256 of its weights.</param>
public sealed record CheckpointCommitted(DateTimeOffset At, long Step, string WeightsHash) : RunEvent(At, Step);

/// <summary>A checkpoint could not be written; training went on.</summary>
/// <param name="At">When.</param>
/// <param name="Step">Its step.</param>
/// <param name="Reason">Why, in one sentence.</param>
public sealed record CheckpointLost(DateTimeOffset At, long Step, string Reason) : RunEvent(At, Step);

/// <summary>The run was stopped in order, and can go on.</summary>
/// <param name="At">When.</param>
/// <param name="Step">Updates so far.</param>
/// <param name="Reason">On whose behalf, or what failed.</param>
public sealed record RunStopped(DateTimeOffset At, long Step, string Reason) : RunEvent(At, Step);

/// <summary>The run has taken its last step.</summary>
/// <param name="At">When.</param>
/// <param name="Step">Steps in all.</param>
/// <param name="WeightsHash">SHA-256 of the weights it ends with.</param>
public sealed record RunFinished(DateTimeOffset At, long Step, string WeightsHash) : RunEvent(At, Step);

using ActorTrain.Actors.Run;

namespace ActorTrain.Actors.Checkpoints;

/// <summary>What the checkpointer is told.</summary>
public abstract record CheckpointCommand;

/// <summary>Write the snapshot in a slot to disk. Answered by a <see cref="CheckpointReport"/>. It may come twice, and late: where
/// the slot holds another step by then, nothing is written and nothing said.</summary>
/// <param name="Slot">The slot, not to be written to until the answer.</param>
/// <param name="Step">Updates that the state has seen.</param>
/// <param name="Course">What decides how the run goes on from there.</param>
public sealed record SaveCheckpoint(int Slot, long Step, Course Course) : CheckpointCommand;

/// <summary>What the checkpointer says.</summary>
public abstract record CheckpointReport : IRunInput;

/// <summary>It lives, and is writing nothing.</summary>
public sealed record CheckpointerStarted : CheckpointReport;

/// <summary>The checkpoint is complete on disk.</summary>
/// <param name="Step">Its step.</param>
/// <param name="WeightsHash">SHA-256 of its weights.</param>
public sealed record CheckpointSaved(long Step, string WeightsHash) : CheckpointReport;

/// <summary>It could not be written; earlier ones are as they were.</summary>
/// <param name="Step">Its step.</param>
/// <param name="Reason">Why, in one sentence.</param>
public sealed record CheckpointFailed(long Step, string Reason) : CheckpointReport;

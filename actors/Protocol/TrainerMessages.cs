using System.Text.Json.Serialization;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Plan;

namespace ActorTrain.Actors.Protocol;

/// <summary>Commands of a trainer, executed in mailbox order; each may arrive twice, or be lost and repeated.</summary>
[JsonDerivedType(typeof(LoadState), "load-state")]
[JsonDerivedType(typeof(ComputeLanes), "compute-lanes")]
[JsonDerivedType(typeof(RecomputeBlock), "recompute-block")]
[JsonDerivedType(typeof(PreviewUpdate), "preview-update")]
[JsonDerivedType(typeof(ApplyUpdate), "apply-update")]
[JsonDerivedType(typeof(CopyState), "copy-state")]
[JsonDerivedType(typeof(Evaluate), "evaluate")]
[JsonDerivedType(typeof(CancelEvaluation), "cancel-evaluation")]
public abstract record TrainerCommand
{
    /// <summary>Number of the <see cref="LoadState"/> from whose state on the command is meant: after a rollback the same step has another
    /// state. Null: any.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Load { get; init; }
}

/// <summary>Take over a state; answered by <see cref="StateLoaded"/>.</summary>
/// <param name="Source">Where from.</param>
/// <param name="Step">Updates that the state has seen.</param>
/// <param name="Number">Tells it from all other such commands to this trainer: the same state may have to be taken over again.</param>
public sealed record LoadState(StateSource Source, long Step, long Number) : TrainerCommand;

/// <summary>Compute the gradients of these blocks of lanes; answered by a <see cref="LaneComputed"/> per lane and a
/// <see cref="BlockComputed"/> per block, whose sum then lies in the transport.</summary>
/// <param name="Skips">What the plan skips in this round.</param>
public sealed record ComputeLanes(Ticket Ticket, IReadOnlyList<LaneBlock> Blocks, SkipList Skips) : TrainerCommand
{
    /// <summary>Lanes that another trainer computes too: their gradients' hashes are requested.</summary>
    [JsonPropertyName("witnesses")]
    public IReadOnlyList<int> RedundantLanes { get; init; } = [];
}

/// <summary>Compute something that changes nothing, by which others' bits, or a step, are judged.</summary>
/// <param name="Ticket">Repeated in the answer. Its round's step says on which weights.</param>
/// <param name="Attempt">Tells questions for the same thing apart: each is computed again.</param>
public abstract record CheckCommand(Ticket Ticket, int Attempt) : TrainerCommand;

/// <summary>Compute the sum over a block of lanes, publish nothing, and say which bits it has; answered by
/// <see cref="BlockRecomputed"/>.</summary>
/// <param name="Ticket">Repeated in the answer. Its round's step says on which weights.</param>
/// <param name="BatchStep">The step whose batch is computed; another than the round's to try a batch on other weights.</param>
/// <param name="Attempt">Tells questions for the same block apart: each is computed again.</param>
public sealed record RecomputeBlock(Ticket Ticket, LaneBlock Block, long BatchStep, SkipList Skips, int Attempt)
    : CheckCommand(Ticket, Attempt)
{
    /// <summary>The learning rate with which the norm of the update that the block's gradient would make is wanted too; null: it is
    /// not.</summary>
    public double? PreviewRate { get; init; }
}

/// <summary>Preview what applying the round's total gradient, which lies in the transport, would do, and change nothing; answered by
/// <see cref="UpdatePreviewed"/>.</summary>
/// <param name="GradientNorm">Global L2 norm of the round's gradient, before clipping.</param>
/// <param name="LearningRate">Of the step, by the run's schedule.</param>
/// <param name="Attempt">Tells questions for the same update apart: each is answered again.</param>
public sealed record PreviewUpdate(Ticket Ticket, double GradientNorm, double LearningRate, int Attempt) : CheckCommand(Ticket, Attempt);

/// <summary>Commit: apply the round's total gradient, which lies in the transport; answered by <see cref="UpdateApplied"/>.</summary>
/// <param name="GradientNorm">Global L2 norm of its gradient, before clipping.</param>
/// <param name="Adjustment">What is done to this update beside what the options say, and its learning rate.</param>
public sealed record ApplyUpdate(Round Round, double GradientNorm, UpdateAdjustment Adjustment) : TrainerCommand;

/// <summary>Copy weights and moments into a slot of the memory for snapshots; answered by <see cref="StateCopied"/>.</summary>
/// <param name="Step">Updates that the state must have seen.</param>
/// <param name="Number">Tells it from all other such commands: a copy that was damaged is made again, into the same slot too.</param>
public sealed record CopyState(int Slot, long Step, long Number) : TrainerCommand;

/// <summary>Measure the loss on the validation split; answered by <see cref="EvaluationProgressed"/> per batch and then
/// <see cref="Evaluated"/>.</summary>
/// <param name="Step">Updates that the weights must have seen.</param>
public sealed record Evaluate(long Step) : TrainerCommand;

/// <summary>Give an evaluation up, because the run is to stop; what was measured so far is forgotten.</summary>
public sealed record CancelEvaluation(long Step) : TrainerCommand;

/// <summary>Where a trainer takes its state from.</summary>
[JsonDerivedType(typeof(FreshState), "fresh-state")]
[JsonDerivedType(typeof(SnapshotState), "snapshot-state")]
[JsonDerivedType(typeof(CheckpointState), "checkpoint-state")]
public abstract record StateSource;

/// <summary>The first weights, made from the run's seed.</summary>
public sealed record FreshState : StateSource;

/// <summary>A snapshot in memory, taken from a healthy trainer.</summary>
/// <param name="Hash">Hash of the state, checked after the copy.</param>
public sealed record SnapshotState(int Slot, ulong Hash) : StateSource;

public sealed record CheckpointState : StateSource;

/// <param name="Trainer">Which one, and in which of its lives.</param>
public abstract record TrainerReport(TrainerKey Trainer) : IRunInput;

/// <summary>It has taken a state over.</summary>
/// <param name="Step">Updates that the state has seen.</param>
public sealed record StateLoaded(TrainerKey Trainer, long Step, long Number) : TrainerReport(Trainer);

/// <summary>A state could not be taken over; the trainer is as it was.</summary>
public sealed record StateRefused(TrainerKey Trainer, long Step, long Number, string Reason) : TrainerReport(Trainer);

/// <summary>It is alive: one more lane is done.</summary>
public sealed record LaneComputed(TrainerKey Trainer, Ticket Ticket, int Lane) : TrainerReport(Trainer);

/// <summary>The sum over a block of lanes lies in the transport, under its round and block.</summary>
/// <param name="Result">What is known of it.</param>
public sealed record BlockComputed(TrainerKey Trainer, Ticket Ticket, LaneBlock Block, BlockResult Result) : TrainerReport(Trainer);

/// <summary>A block was computed once more.</summary>
/// <param name="Result">What is known of it.</param>
public sealed record BlockRecomputed(TrainerKey Trainer, Ticket Ticket, LaneBlock Block, int Attempt, BlockResult Result)
    : TrainerReport(Trainer);

/// <summary>What the round's update would do is known.</summary>
/// <param name="Norm">L2 norm of what would be added to the weights.</param>
public sealed record UpdatePreviewed(TrainerKey Trainer, Ticket Ticket, int Attempt, double Norm) : TrainerReport(Trainer);

/// <summary>The round's update is part of its weights.</summary>
public sealed record UpdateApplied(TrainerKey Trainer, Round Round, AppliedUpdate Update) : TrainerReport(Trainer);

/// <summary>It was asked something for which its weights are too old or too new: a command before it was lost, or this one came
/// late.</summary>
/// <param name="Step">Updates that its weights have seen; -1 before it has a state.</param>
public sealed record AtAnotherStep(TrainerKey Trainer, long Step) : TrainerReport(Trainer);

/// <summary>Its state lies in a slot.</summary>
/// <param name="Step">Updates that the state has seen.</param>
/// <param name="Hash">Hash of the state as the trainer holds it.</param>
public sealed record StateCopied(TrainerKey Trainer, int Slot, long Step, long Number, ulong Hash) : TrainerReport(Trainer)
{
    /// <summary>The trainer's checksum of it; null where it is not known.</summary>
    public ulong? StateChecksum { get; init; }
}

/// <summary>It is alive: one more validation batch is measured.</summary>
public sealed record EvaluationProgressed(TrainerKey Trainer, long Step) : TrainerReport(Trainer);

/// <summary>The loss on the validation split.</summary>
/// <param name="Step">Updates that the weights have seen.</param>
/// <param name="Loss">Nats per token.</param>
public sealed record Evaluated(TrainerKey Trainer, long Step, double Loss, double Perplexity, double BitsPerByte) : TrainerReport(Trainer);

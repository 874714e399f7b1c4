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
[JsonDerivedType(typeof(UpdateShards), "update-shards")]
[JsonDerivedType(typeof(ApplyUpdate), "apply-update")]
[JsonDerivedType(typeof(CopyState), "copy-state")]
[JsonDerivedType(typeof(Evaluate), "evaluate")]
[JsonDerivedType(typeof(CancelEvaluation), "cancel-evaluation")]
public abstract record TrainerCommand
{
    /// <summary>Number of the <see cref="LoadState"/> whose state the command is for, since after a rollback the same step has another
    /// state; null for any.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Load { get; init; }
}

/// <summary>Loads a state; answered by <see cref="StateLoaded"/>.</summary>
/// <param name="Step">Updates that the state has seen.</param>
/// <param name="Number">Unique per trainer, since the same state may have to be loaded again.</param>
public sealed record LoadState(StateSource Source, long Step, long Number) : TrainerCommand
{
    /// <summary>Of which it holds the optimizer's state from now on; null for all of it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public OwnedShards? Shards { get; init; }
}

/// <summary>Computes the gradients of blocks of lanes; answered by a <see cref="LaneComputed"/> per lane and a <see cref="BlockComputed"/>
/// per block, whose sum is then in the transport.</summary>
/// <param name="Skips">What the plan skips in this round.</param>
public sealed record ComputeLanes(Ticket Ticket, IReadOnlyList<LaneBlock> Blocks, SkipList Skips) : TrainerCommand
{
    /// <summary>Lanes that another trainer computes too; the hashes of their gradients are requested.</summary>
    [JsonPropertyName("witnesses")]
    public IReadOnlyList<int> RedundantLanes { get; init; } = [];
}

/// <summary>A computation without side effects, to verify bits or judge a step.</summary>
/// <param name="Ticket">Repeated in the answer. Its round's step determines the weights.</param>
/// <param name="Attempt">Distinguishes repeated requests; each is computed again.</param>
public abstract record CheckCommand(Ticket Ticket, int Attempt) : TrainerCommand;

/// <summary>Computes the sum over a block of lanes and its hash without publishing it; answered by <see cref="BlockRecomputed"/>.</summary>
/// <param name="Ticket">Repeated in the answer. Its round's step determines the weights.</param>
/// <param name="BatchStep">The step whose batch is computed; may differ from the round's, to try a batch on other weights.</param>
/// <param name="Attempt">Distinguishes repeated requests; each is computed again.</param>
public sealed record RecomputeBlock(Ticket Ticket, LaneBlock Block, long BatchStep, SkipList Skips, int Attempt)
    : CheckCommand(Ticket, Attempt)
{
    /// <summary>Learning rate for which to compute the norm of the update that the block's gradient would make; null for none.</summary>
    public double? PreviewRate { get; init; }
}

/// <summary>Previews applying the round's total gradient in the transport, without side effects; answered by
/// <see cref="UpdatePreviewed"/>.</summary>
/// <param name="GradientNorm">Global L2 norm of the round's gradient, before clipping.</param>
/// <param name="LearningRate">The schedule's, for this step.</param>
/// <param name="Attempt">Distinguishes repeated requests; each is answered again.</param>
public sealed record PreviewUpdate(Ticket Ticket, double GradientNorm, double LearningRate, int Attempt) : CheckCommand(Ticket, Attempt);

/// <summary>Commit: applies the round's total gradient in the transport or, where the optimizer's state is divided, takes the weights that
/// the owners of shards have published; answered by <see cref="UpdateApplied"/>.</summary>
/// <param name="GradientNorm">Global L2 norm of the gradient, before clipping.</param>
/// <param name="Adjustment">Changes beyond the options, and the learning rate.</param>
public sealed record ApplyUpdate(Round Round, double GradientNorm, UpdateAdjustment Adjustment) : TrainerCommand
{
    /// <summary>For a trainer that outlives the process that leads; null if it does not, or if the state after this update cannot be
    /// resumed from.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public StateRecord? Record { get; init; }
}

/// <summary>Copies weights and moments into a snapshot slot; answered by <see cref="StateCopied"/>.</summary>
/// <param name="Step">Updates that the state must have seen.</param>
/// <param name="Number">Unique per trainer: a damaged copy is repeated, possibly into the same slot.</param>
public sealed record CopyState(int Slot, long Step, long Number) : TrainerCommand
{
    /// <summary>The part of the state that it copies, all of which it owns; null for the whole.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public OwnedShards? Shards { get; init; }
}

/// <summary>Measures the validation loss; answered by <see cref="EvaluationProgressed"/> per batch and then
/// <see cref="Evaluated"/>.</summary>
/// <param name="Step">Updates that the weights must have seen.</param>
public sealed record Evaluate(long Step) : TrainerCommand;

/// <summary>Cancels an evaluation because the run is stopping; partial results are discarded.</summary>
public sealed record CancelEvaluation(long Step) : TrainerCommand;

[JsonDerivedType(typeof(FreshState), "fresh-state")]
[JsonDerivedType(typeof(SnapshotState), "snapshot-state")]
[JsonDerivedType(typeof(CheckpointState), "checkpoint-state")]
public abstract record StateSource;

/// <summary>The initial weights, made from the run's seed.</summary>
public sealed record FreshState : StateSource;

/// <summary>A snapshot in memory of a healthy trainer's state.</summary>
/// <param name="Hash">Verified after the copy.</param>
public sealed record SnapshotState(int Slot, ulong Hash) : StateSource;

public sealed record CheckpointState : StateSource;

public abstract record TrainerReport(TrainerKey Trainer) : IRunInput;

/// <param name="Step">Updates that the state has seen.</param>
public sealed record StateLoaded(TrainerKey Trainer, long Step, long Number) : TrainerReport(Trainer);

/// <summary>A state could not be loaded; the trainer is unchanged.</summary>
public sealed record StateRefused(TrainerKey Trainer, long Step, long Number, string Reason) : TrainerReport(Trainer);

/// <summary>Heartbeat: one more lane is done.</summary>
public sealed record LaneComputed(TrainerKey Trainer, Ticket Ticket, int Lane) : TrainerReport(Trainer);

/// <summary>The block's sum is in the transport under its round and block.</summary>
public sealed record BlockComputed(TrainerKey Trainer, Ticket Ticket, LaneBlock Block, BlockResult Result) : TrainerReport(Trainer);

public sealed record BlockRecomputed(TrainerKey Trainer, Ticket Ticket, LaneBlock Block, int Attempt, BlockResult Result)
    : TrainerReport(Trainer);

/// <param name="Norm">L2 norm of the change of the weights.</param>
public sealed record UpdatePreviewed(TrainerKey Trainer, Ticket Ticket, int Attempt, double Norm) : TrainerReport(Trainer);

public sealed record UpdateApplied(TrainerKey Trainer, Round Round, AppliedUpdate Update) : TrainerReport(Trainer);

/// <summary>A request does not match the trainer's weights: an earlier command was lost, or this one was late.</summary>
/// <param name="Step">Updates that its weights have seen; −1 before it has a state.</param>
/// <param name="Load">Number of the <see cref="LoadState"/> that it has obeyed last; null before it has a state.</param>
public sealed record AtAnotherStep(TrainerKey Trainer, long Step, long? Load) : TrainerReport(Trainer);

/// <param name="Step">Updates that the state has seen.</param>
/// <param name="Hash">Of the whole state in the slot; null while parts of it are missing.</param>
public sealed record StateCopied(TrainerKey Trainer, int Slot, long Step, long Number, ulong? Hash) : TrainerReport(Trainer)
{
    /// <summary>Null if unknown.</summary>
    public ulong? StateChecksum { get; init; }
}

/// <summary>Heartbeat: one more validation batch is done.</summary>
public sealed record EvaluationProgressed(TrainerKey Trainer, long Step) : TrainerReport(Trainer);

/// <param name="Step">Updates that the weights have seen.</param>
/// <param name="Loss">Nats per token on the validation split.</param>
public sealed record Evaluated(TrainerKey Trainer, long Step, double Loss, double Perplexity, double BitsPerByte) : TrainerReport(Trainer)
{
    /// <summary>Of preference pairs; null for text.</summary>
    public double? Accuracy { get; init; }
}

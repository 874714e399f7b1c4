using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Snapshots;
using ActorTrain.Models.Evaluation;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Plan;

namespace ActorTrain.Actors.Training;

/// <summary>A trainer's operations on its device, all on the trainer's thread: a model replica, or a simulation.</summary>
public interface ITrainerDevice : IDisposable
{
    /// <param name="shards">Of which the optimizer's state is loaded; null for all of it.</param>
    /// <returns>Null, or one sentence why it failed; the device is then unchanged, unless it was to own other shards.</returns>
    string? Load(StateSource source, long atStep, OwnedShards? shards);

    /// <summary>Begins a block of lanes, and cancels the current one.</summary>
    void Begin(LaneBlock block);

    void GiveUp();

    /// <summary>How many lanes it can compute at once.</summary>
    int LanesAtOnce { get; }

    /// <summary>Computes the next lanes of the current block, a node of the lane tree.</summary>
    /// <param name="isRedundant">Whether the block's result includes the hash of the gradient of this lane, which then is a single
    /// one.</param>
    void ComputeLanes(long batchStep, LaneBlock lanes, SkipList skips, bool isRedundant);

    /// <summary>Publishes the sum over the current, completed block.</summary>
    /// <returns>Null if the round accepts no more gradients.</returns>
    BlockResult? Publish(Round round);

    /// <summary>The result of the current, completed block; its sum is discarded.</summary>
    /// <param name="atStep">Updates that the weights have seen.</param>
    /// <param name="previewRate">Learning rate for which to compute the norm of the update that its gradient would make; null for
    /// none.</param>
    BlockResult Measure(long atStep, double? previewRate);

    /// <summary>Previews the update from the round's total gradient by the options alone, without side effects.</summary>
    /// <param name="gradientNorm">Global L2 norm of the gradient, before clipping.</param>
    /// <returns>L2 norm of the change of the weights; null if the total no longer exists.</returns>
    double? Preview(Round round, double gradientNorm, double learningRate);

    /// <summary>Applies the round's total gradient to its own shards alone, and publishes their weights. May be repeated.</summary>
    /// <returns>Null if the total no longer exists.</returns>
    IReadOnlyList<ShardChecksum>? UpdateShards(Round round, double gradientNorm, UpdateAdjustment adjustment);

    /// <summary>Applies the round's total gradient, or takes the weights that owners of shards have published.</summary>
    /// <returns>Null if they no longer exist.</returns>
    AppliedUpdate? Apply(Round round, double gradientNorm, UpdateAdjustment adjustment);

    /// <summary>Copies the state, or a part of it, into a snapshot slot.</summary>
    /// <returns>Null if the slot was reassigned in the meantime.</returns>
    CopiedState? Copy(CopyState copy);

    /// <summary>Copies the state into the first slot of other snapshots: of this process, after the end of that which leads.</summary>
    /// <returns>Null if it cannot.</returns>
    CopiedState? Copy(ISnapshots into, long atStep);

    /// <summary>Begins an evaluation, and cancels the current one.</summary>
    void BeginEvaluation();

    /// <summary>Measures the next validation batch.</summary>
    /// <returns>The result after the last batch, else null.</returns>
    ValidationLoss? EvaluateBatch();
}

/// <param name="Hash">Of weights and moments; null while others still copy parts of them.</param>
/// <param name="StateChecksum">The trainer's checksum: see <see cref="BlockResult.StateChecksum"/>; null if unknown.</param>
public sealed record CopiedState(ulong? Hash, ulong? StateChecksum);

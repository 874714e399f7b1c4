using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Evaluation;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Plan;

namespace ActorTrain.Actors.Training;

/// <summary>What a trainer does on its device, each piece on its own, all on the trainer's thread: a model replica, or what stands for one
/// in a simulation.</summary>
public interface ITrainerDevice : IDisposable
{
    /// <returns>Null, or in one sentence why it could not; it is then as it was.</returns>
    string? Load(StateSource source, long atStep);

    /// <summary>Begins a block of lanes; another that was under way is given up.</summary>
    void Begin(LaneBlock block);

    /// <summary>Gives up the block under way, if there is one.</summary>
    void GiveUp();

    /// <summary>Computes the next lane of the block under way.</summary>
    /// <param name="isRedundant">Whether the hash of the lane's own gradient is wanted with the block's result.</param>
    void ComputeLane(long batchStep, int lane, SkipList skips, bool isRedundant);

    /// <summary>Publishes the sum over the block under way, all of whose lanes are computed.</summary>
    /// <returns>Its loss, and the positions of the sample stream that were read; null when the round takes no more gradients.</returns>
    BlockResult? Publish(Round round);

    /// <summary>What is known of the block under way, all of whose lanes are computed; its sum is given up.</summary>
    /// <param name="atStep">Updates that the weights have seen.</param>
    /// <param name="previewRate">The learning rate with which the norm of the update that its gradient would make is wanted; null: it is
    /// not.</param>
    BlockResult Measure(long atStep, double? previewRate);

    /// <summary>Previews what applying the round's total gradient as the options have it would do, and changes nothing.</summary>
    /// <param name="gradientNorm">Global L2 norm of its gradient, before clipping.</param>
    /// <returns>L2 norm of what would be added to the weights; null when the total is not there any more.</returns>
    double? Preview(Round round, double gradientNorm, double learningRate);

    /// <summary>Applies the round's total gradient.</summary>
    /// <returns>What came of it; null when the total is not there any more.</returns>
    AppliedUpdate? Apply(Round round, double gradientNorm, UpdateAdjustment adjustment);

    /// <summary>Copies the state into a slot of the memory for snapshots.</summary>
    /// <returns>What was copied; null when the slot was given to another in the meantime.</returns>
    CopiedState? Copy(int slot, long atStep);

    /// <summary>Begins an evaluation; another that was under way is given up.</summary>
    void BeginEvaluation();

    /// <summary>Measures the next validation batch.</summary>
    /// <returns>The result after the last batch, else null.</returns>
    ValidationLoss? EvaluateBatch();
}

/// <summary>A state that was copied.</summary>
/// <param name="Hash">Hash of weights and moments.</param>
/// <param name="StateChecksum">The trainer's checksum of them; null where it is not known.</param>
public sealed record CopiedState(ulong Hash, ulong? StateChecksum);

using ActorTrain.Actors.Run;
using ActorTrain.Models.Evaluation;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Plan;

namespace ActorTrain.Actors.Training;

/// <summary>What a trainer does on its device, each piece on its own, all on the trainer's thread: a model replica, or what stands for one in a
/// simulation.</summary>
public interface ITrainerDevice : IDisposable
{
    /// <summary>Takes over a state.</summary>
    /// <returns>Null, or in one sentence why it could not; it is then as it was.</returns>
    string? Load(StateSource source, long atStep);

    /// <summary>Begins a block of lanes; another that was under way is given up.</summary>
    void Begin(LaneBlock block);

    /// <summary>Gives up the block under way, if there is one.</summary>
    void GiveUp();

    /// <summary>Computes the next lane of the block under way.</summary>
    void ComputeLane(long atStep, int lane, SkipList skips);

    /// <summary>Publishes the sum over the block under way, all of whose lanes are computed.</summary>
    /// <returns>Its loss, and the positions of the sample stream that were read; null when the round takes no more gradients.</returns>
    BlockResult? Publish(Round round);

    /// <summary>Applies the round's total gradient.</summary>
    /// <returns>False when the total is not there any more.</returns>
    bool Apply(Round round, double gradientNorm);

    /// <summary>Copies the state into a slot of the memory for snapshots.</summary>
    /// <returns>Its hash; null when the slot was given to another in the meantime.</returns>
    ulong? Copy(int slot, long atStep);

    /// <summary>Begins an evaluation; another that was under way is given up.</summary>
    void BeginEvaluation();

    /// <summary>Measures the next held-out batch.</summary>
    /// <returns>The result after the last batch, else null.</returns>
    HeldOutLoss? EvaluateBatch();
}

/// <summary>What is known of a block whose sum is published.</summary>
/// <param name="Loss">Its part of the mean loss of the global batch, nats per token.</param>
/// <param name="Positions">Positions of the sample stream that were read for it, in order.</param>
public sealed record BlockResult(double Loss, IReadOnlyList<long> Positions);

using System.Diagnostics;
using ActorTrain.Actors.Reduction;
using ActorTrain.Actors.Run;
using ActorTrain.Actors.Training;
using ActorTrain.Models.Evaluation;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Plan;

namespace ActorTrain.Actors.Faults;

/// <summary>A trainer's device whose memory can be damaged on purpose, and which can be slow: it shows every vector to the injector while nobody works
/// on it.</summary>
/// <param name="device">The device; disposed of with this.</param>
/// <param name="trainer">Name of the trainer that owns it.</param>
/// <param name="transport">Where it publishes.</param>
/// <param name="faults">What damages it.</param>
public sealed class BreakableDevice(ReplicaDevice device, string trainer, IGradientTransport transport, IFaultInjector faults) : ITrainerDevice
{
    /// <inheritdoc/>
    public string? Load(StateSource source, long atStep) => device.Load(source, atStep);

    /// <inheritdoc/>
    public void Begin(LaneBlock block) => device.Begin(block);

    /// <inheritdoc/>
    public void GiveUp() => device.GiveUp();

    /// <inheritdoc/>
    public void ComputeLane(long batchStep, int lane, SkipList skips, bool isWitness)
    {
        var begun = Stopwatch.GetTimestamp();
        device.ComputeLane(batchStep, lane, skips, isWitness);
        foreach (var gradient in device.Resting)
            faults.Touch(FaultPlace.Gradient, trainer, batchStep, gradient);
        faults.Slow(trainer, batchStep, Stopwatch.GetElapsedTime(begun));
    }

    /// <inheritdoc/>
    public BlockResult? Publish(Round round)
    {
        var block = device.Lanes;
        var result = device.Publish(round);
        if (result is not null && block is { } lanes)
        {
            using var sum = transport.Read(round, lanes);
            if (sum is not null)
                faults.Touch(FaultPlace.Sum, trainer, round.Step, sum.Vector);
        }

        return result;
    }

    /// <inheritdoc/>
    public BlockResult Measure() => device.Measure();

    /// <inheritdoc/>
    public AppliedUpdate? Apply(Round round, double gradientNorm, UpdateAdjustment adjustment)
    {
        var applied = device.Apply(round, gradientNorm, adjustment);
        if (applied is not null)
        {
            faults.Touch(FaultPlace.Weights, trainer, round.Step, device.Replica.Parameters.Weights);
            faults.Touch(FaultPlace.FirstMoment, trainer, round.Step, device.Replica.FirstMoment);
            faults.Touch(FaultPlace.SecondMoment, trainer, round.Step, device.Replica.SecondMoment);
        }

        return applied;
    }

    /// <inheritdoc/>
    public ulong? Copy(int slot, long atStep) => device.Copy(slot, atStep);

    /// <inheritdoc/>
    public void BeginEvaluation() => device.BeginEvaluation();

    /// <inheritdoc/>
    public HeldOutLoss? EvaluateBatch() => device.EvaluateBatch();

    /// <inheritdoc/>
    public void Dispose() => device.Dispose();
}

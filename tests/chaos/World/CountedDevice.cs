using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Snapshots;
using ActorTrain.Actors.Training;
using ActorTrain.Models.Evaluation;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Plan;

namespace ActorTrain.Chaos.Tests.World;

/// <summary>A trainer's device that says when it is freed.</summary>
internal sealed class CountedDevice(ITrainerDevice device, Action freed) : ITrainerDevice
{
    public string? Load(StateSource source, long atStep, OwnedShards? shards) => device.Load(source, atStep, shards);

    public void Begin(LaneBlock block) => device.Begin(block);

    public void GiveUp() => device.GiveUp();

    public int LanesAtOnce => device.LanesAtOnce;

    public void ComputeLanes(long batchStep, LaneBlock lanes, SkipList skips, bool isRedundant) =>
        device.ComputeLanes(batchStep, lanes, skips, isRedundant);

    public BlockResult? Publish(Round round) => device.Publish(round);

    public BlockResult Measure(long atStep, double? previewRate) => device.Measure(atStep, previewRate);

    public double? Preview(Round round, double gradientNorm, double learningRate) => device.Preview(round, gradientNorm, learningRate);

    public AppliedUpdate? Apply(Round round, double gradientNorm, UpdateAdjustment adjustment) =>
        device.Apply(round, gradientNorm, adjustment);

    public CopiedState? Copy(ISnapshots into, long atStep) => device.Copy(into, atStep);

    public IReadOnlyList<ShardChecksum>? UpdateShards(Round round, double gradientNorm, UpdateAdjustment adjustment) =>
        device.UpdateShards(round, gradientNorm, adjustment);

    public CopiedState? Copy(CopyState copy) => device.Copy(copy);

    public void BeginEvaluation() => device.BeginEvaluation();

    public ValidationLoss? EvaluateBatch() => device.EvaluateBatch();

    public void Dispose()
    {
        device.Dispose();
        freed();
    }
}

using System.Diagnostics;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Snapshots;
using ActorTrain.Actors.Training;
using ActorTrain.Models.Evaluation;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Steps;
using ActorTrain.Models.Storage;

namespace ActorTrain.Chaos;

/// <summary>A trainer's replica that may fail before or after each call, be slow, and have bits flipped in its stored memory.</summary>
public sealed class FaultyDevice : ITrainerDevice
{
    private readonly ReplicaDevice device;
    private readonly ReplicaDeviceOptions options;
    private readonly string trainer;
    private readonly IFaultInjector faults;
    private long step;

    /// <summary>Call it on the thread that will use it.</summary>
    /// <param name="options">Its transport is wrapped in a <see cref="FaultyTransport"/>.</param>
    /// <param name="trainer">The trainer's name.</param>
    public FaultyDevice(ReplicaDeviceOptions options, string trainer, IFaultInjector faults)
    {
        ArgumentNullException.ThrowIfNull(options);
        (this.options, this.trainer, this.faults) = (options, trainer, faults);
        device = new ReplicaDevice(options with { Transport = new FaultyTransport(options.Transport, trainer, faults) });
    }

    public Replica Replica => device.Replica;

    public string? Load(StateSource source, long atStep, OwnedShards? shards) =>
        Break(nameof(Load), () => device.Load(source, atStep, shards));

    public void Begin(LaneBlock block) => device.Begin(block);

    public void GiveUp() => device.GiveUp();

    public int LanesAtOnce => device.LanesAtOnce;

    public void ComputeLanes(long batchStep, LaneBlock lanes, SkipList skips, bool isRedundant) => Break(nameof(ComputeLanes), () =>
    {
        step = batchStep;
        TouchState();
        foreach (var resting in device.Resting)
            faults.Touch(trainer, step, FlipTarget.Of(FlatPlace.LaneGradient, resting));
        var begun = Stopwatch.GetTimestamp();
        device.ComputeLanes(batchStep, lanes, skips, isRedundant);
        faults.Slow(trainer, batchStep, Stopwatch.GetElapsedTime(begun));
        return true;
    });

    public BlockResult? Publish(Round round) => Break(nameof(Publish), () =>
    {
        step = round.Step;
        TouchState();
        return device.Publish(round);
    });

    public BlockResult Measure(long atStep, double? previewRate) => device.Measure(atStep, previewRate);

    public double? Preview(Round round, double gradientNorm, double learningRate) => Break(nameof(Preview), () =>
    {
        step = round.Step;
        TouchVectors();
        return device.Preview(round, gradientNorm, learningRate);
    });

    public AppliedUpdate? Apply(Round round, double gradientNorm, UpdateAdjustment adjustment) => Break(nameof(Apply), () =>
    {
        step = round.Step;
        TouchVectors();
        return device.Apply(round, gradientNorm, adjustment);
    });

    public CopiedState? Copy(ISnapshots into, long atStep) => device.Copy(into, atStep);

    public IReadOnlyList<ShardChecksum>? UpdateShards(Round round, double gradientNorm, UpdateAdjustment adjustment) =>
        Break(nameof(UpdateShards), () =>
        {
            step = round.Step;
            TouchVectors();
            return device.UpdateShards(round, gradientNorm, adjustment);
        });

    public CopiedState? Copy(CopyState copy) => Break(nameof(Copy), () =>
    {
        TouchVectors();
        var copied = device.Copy(copy);
        using var snapshot = copied?.Hash is null ? null : options.Snapshots.Read(copy.Slot);
        foreach (var buffer in snapshot is null ? [] : new[] { snapshot.Weights, snapshot.FirstMoment, snapshot.SecondMoment })
            faults.Touch(trainer, step, FlipTarget.Of(FlatPlace.Snapshot, buffer));
        return copied;
    });

    public void BeginEvaluation() => device.BeginEvaluation();

    public ValidationLoss? EvaluateBatch() => Break(nameof(EvaluateBatch), device.EvaluateBatch);

    public void Dispose() => device.Dispose();

    private void TouchVectors()
    {
        faults.Touch(trainer, step, FlipTarget.Of(FlatPlace.Weights, device.Replica.Parameters.Weights));
        foreach (var (first, second) in device.Replica.MomentVectors)
        {
            faults.Touch(trainer, step, FlipTarget.Of(FlatPlace.FirstMoment, first));
            faults.Touch(trainer, step, FlipTarget.Of(FlatPlace.SecondMoment, second));
        }
    }

    // Copies of the weights last only until the next update.
    private void TouchState()
    {
        TouchVectors();
        foreach (var (address, count) in device.Replica.Parameters.PackedCopies())
            faults.Touch(trainer, step, FlipTarget.Of(FlatPlace.PackedWeights, address, count));
    }

    private T Break<T>(string call, Func<T> act) => faults.Break(trainer, call, act);
}

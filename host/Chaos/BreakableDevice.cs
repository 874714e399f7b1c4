using System.Diagnostics;
using ActorTrain.Actors.Faults;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Reduction;
using ActorTrain.Actors.Training;
using ActorTrain.Models.Evaluation;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Storage;

namespace ActorTrain.Host.Chaos;

/// <summary>A trainer's device whose memory can be damaged on purpose, and which can be slow: it shows all that rests in it to the injector.</summary>
public sealed class BreakableDevice : ITrainerDevice
{
    private readonly ITrainerDevice device;
    private readonly string trainer;
    private readonly IGradientTransport transport;
    private readonly IFaultInjector faults;
    private LaneBlock lanes;
    private long step;

    /// <summary>Makes a device that can be broken.</summary>
    /// <param name="make">Makes it, given whom to tell of memory that rests.</param>
    /// <param name="trainer">Name of the trainer that owns it.</param>
    /// <param name="transport">Where it publishes.</param>
    /// <param name="faults">What breaks it.</param>
    public BreakableDevice(Func<Action<FlipTarget>, ITrainerDevice> make, string trainer, IGradientTransport transport, IFaultInjector faults)
    {
        ArgumentNullException.ThrowIfNull(make);
        this.trainer = trainer;
        this.transport = transport;
        this.faults = faults;
        device = make(memory => faults.Touch(trainer, step, memory));
    }

    /// <inheritdoc/>
    public string? Load(StateSource source, long atStep) => device.Load(source, atStep);

    /// <inheritdoc/>
    public void Begin(LaneBlock block)
    {
        lanes = block;
        device.Begin(block);
    }

    /// <inheritdoc/>
    public void GiveUp() => device.GiveUp();

    /// <inheritdoc/>
    public void ComputeLane(long batchStep, int lane, SkipList skips, bool isRedundant)
    {
        step = batchStep;
        var begun = Stopwatch.GetTimestamp();
        device.ComputeLane(batchStep, lane, skips, isRedundant);
        faults.Slow(trainer, batchStep, Stopwatch.GetElapsedTime(begun));
    }

    /// <inheritdoc/>
    public BlockResult? Publish(Round round)
    {
        step = round.Step;
        if (device.Publish(round) is not { } result)
            return null;
        using var published = transport.Read(round, lanes);
        if (published is not null)
            faults.Spoil(trainer, round.Step, published.Vector);
        return result;
    }

    /// <inheritdoc/>
    public BlockResult Measure(long atStep, double? previewRate) => device.Measure(atStep, previewRate);

    /// <inheritdoc/>
    public double? Preview(Round round, double gradientNorm, double learningRate)
    {
        step = round.Step;
        return device.Preview(round, gradientNorm, learningRate);
    }

    /// <inheritdoc/>
    public AppliedUpdate? Apply(Round round, double gradientNorm, UpdateAdjustment adjustment)
    {
        step = round.Step;
        return device.Apply(round, gradientNorm, adjustment);
    }

    /// <inheritdoc/>
    public CopiedState? Copy(int slot, long atStep) => device.Copy(slot, atStep);

    /// <inheritdoc/>
    public void BeginEvaluation() => device.BeginEvaluation();

    /// <inheritdoc/>
    public ValidationLoss? EvaluateBatch() => device.EvaluateBatch();

    /// <inheritdoc/>
    public void Dispose() => device.Dispose();
}

using ActorTrain.Actors.Faults;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Training;
using ActorTrain.Chaos.Tests.Schedules;
using ActorTrain.Models.Evaluation;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Plan;

namespace ActorTrain.Chaos.Tests.World;

/// <summary>A trainer's device that fails in the midst of its work, before or after it is done.</summary>
internal sealed class ChaosDevice(ITrainerDevice device, ChaosInjector faults, Action gone) : ITrainerDevice
{
    public string? Load(StateSource source, long atStep) => Break(nameof(Load), () => device.Load(source, atStep));

    public void Begin(LaneBlock block) => device.Begin(block);

    public void GiveUp() => device.GiveUp();

    public void ComputeLane(long batchStep, int lane, SkipList skips, bool isRedundant) => Break(nameof(ComputeLane), () =>
    {
        device.ComputeLane(batchStep, lane, skips, isRedundant);
        return true;
    });

    public BlockResult? Publish(Round round) => Break(nameof(Publish), () => device.Publish(round));

    public BlockResult Measure(long atStep, double? previewRate) => device.Measure(atStep, previewRate);

    public double? Preview(Round round, double gradientNorm, double learningRate) => Break(nameof(Preview), () => device.Preview(round, gradientNorm, learningRate));

    public AppliedUpdate? Apply(Round round, double gradientNorm, UpdateAdjustment adjustment) => Break(nameof(Apply), () => device.Apply(round, gradientNorm, adjustment));

    public CopiedState? Copy(int slot, long atStep) => Break(nameof(Copy), () => device.Copy(slot, atStep));

    public void BeginEvaluation() => device.BeginEvaluation();

    public ValidationLoss? EvaluateBatch() => Break(nameof(EvaluateBatch), device.EvaluateBatch);

    public void Dispose()
    {
        device.Dispose();
        gone();
    }

    private T Break<T>(string call, Func<T> act)
    {
        var fault = faults.ChooseCall(call);
        if (fault == Fault.Throw)
            throw new InjectedFaultException($"The device was made to fail before {call}.");
        var result = act();
        return fault == Fault.ThrowAfter ? throw new InjectedFaultException($"The device was made to fail after {call}.") : result;
    }
}

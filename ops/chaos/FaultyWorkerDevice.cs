using System.Diagnostics;
using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Storage;

namespace ActorTrain.Chaos;

/// <summary>What a sampler, scorer, reference or critic computes with; it may fail before or after each call, be slow, have bits flipped in
/// its weights, and report other than what it computed.</summary>
/// <param name="device">Owned.</param>
/// <param name="worker">The worker's name.</param>
public sealed class FaultyWorkerDevice(IWorkerDevice device, string worker, IFaultInjector faults) : IWorkerDevice
{
    // Updates that the weights of its last order had seen.
    private long step;

    public bool HasWork => device.HasWork;

    public FlatParameters? Parameters => device.Parameters;

    public string? Begin(WorkerCommand order) => faults.Break(worker, nameof(Begin), () =>
    {
        step = MessageStep.Of(order) ?? step;
        return device.Begin(order);
    });

    public IReadOnlyList<WorkerReport> Advance() => faults.Break(worker, nameof(Advance), () =>
    {
        TouchWeights();
        var begun = Stopwatch.GetTimestamp();
        var reports = device.Advance();
        faults.Slow(worker, step, Stopwatch.GetElapsedTime(begun));
        return (IReadOnlyList<WorkerReport>)[.. reports.Select(report => faults.Answer(worker, step, report))];
    });

    public void GiveUp() => device.GiveUp();

    public void Dispose() => device.Dispose();

    private void TouchWeights()
    {
        if (Parameters is not { } parameters)
            return;
        faults.Touch(worker, step, FlipTarget.Of(FlatPlace.Weights, parameters.Weights));
        foreach (var (address, count) in parameters.PackedCopies())
            faults.Touch(worker, step, FlipTarget.Of(FlatPlace.PackedWeights, address, count));
    }
}

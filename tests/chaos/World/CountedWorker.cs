using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Storage;

namespace ActorTrain.Chaos.Tests.World;

/// <summary>A worker's device that says when it is freed.</summary>
internal sealed class CountedWorker(IWorkerDevice device, Action freed) : IWorkerDevice
{
    public bool HasWork => device.HasWork;

    public FlatParameters? Parameters => device.Parameters;

    public string? Begin(WorkerCommand order) => device.Begin(order);

    public IReadOnlyList<WorkerReport> Advance() => device.Advance();

    public void GiveUp() => device.GiveUp();

    public void Dispose()
    {
        device.Dispose();
        freed();
    }
}

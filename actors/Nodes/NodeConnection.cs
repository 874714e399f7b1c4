using ActorTrain.Actors.DataPlane;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Training;
using ActorTrain.Persistence.Checkpoints;

namespace ActorTrain.Actors.Nodes;

/// <summary>What trainers of a node work with: replicas of its own, and gradients and snapshots of the process that leads.</summary>
/// <param name="client">Owned.</param>
/// <param name="checkpoints">Of the run, in its folder.</param>
/// <param name="threads">Of one trainer.</param>
/// <param name="retention">Not owned.</param>
public sealed class NodeConnection(
    DataPlaneClient client, ReplicaWork work, CheckpointArchive checkpoints, int threads, StateRetention retention) : INodeConnection
{
    private readonly ReplicaDeviceOptions options = new(work, client.Transport, client.Snapshots)
    {
        Checkpoints = checkpoints,
        Retained = retention.Read,
    };

    public int Threads => threads;

    public CancellationToken Closed => client.Closed;

    public string? Reason => client.Reason;

    public ITrainerDevice MakeDevice(TrainerKey trainer) => new ReplicaDevice(options);

    public void Retain(ITrainerDevice device, long atStep, StateRecord record) => retention.Keep(device, atStep, record);

    public string? CopyRetained(int slot, long atStep) => retention.CopyTo(client.Snapshots, slot, atStep);

    public void Dispose() => client.Dispose();
}

using ActorTrain.Actors.DataPlane;
using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Training;
using ActorTrain.Models;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Nodes;

/// <summary>What trainers and workers of a node work with: models of its own, and gradients, snapshots and rollouts of the process that
/// leads.</summary>
/// <param name="client">Owned.</param>
/// <param name="checkpoints">Of the run, in its folder.</param>
/// <param name="threads">Of one trainer, or worker.</param>
/// <param name="retention">Not owned.</param>
/// <param name="makeWorker">Makes what a worker of rollouts computes with; null if the run has none.</param>
public sealed class NodeConnection(DataPlaneClient client, ReplicaWork work, CheckpointArchive checkpoints, int threads,
    StateRetention retention, Func<ActorRole, IWorkerDevice>? makeWorker) : INodeConnection
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

    public IWorkerDevice MakeWorker(ActorId worker) =>
        makeWorker?.Invoke(worker.Role) ?? throw new InvariantException($"The run has no rollouts, and so no {worker}.");

    public void Retain(ITrainerDevice device, long atStep, StateRecord record) => retention.Keep(device, atStep, record);

    public string? CopyRetained(int slot, long atStep) => retention.CopyTo(client.Snapshots, slot, atStep);

    public void Dispose() => client.Dispose();
}

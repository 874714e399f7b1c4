using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Training;
using ActorTrain.Models;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Nodes;

/// <summary>What a node knows of runs: opens the one that it is to work for.</summary>
public interface INodeRun
{
    /// <summary>Opens a run, in the place of any other.</summary>
    /// <exception cref="UserErrorException">It, or its data, is not there or cannot be read.</exception>
    NodeInspection Inspect(InspectRun run);

    /// <summary>Connects to the data plane of the run that was inspected last.</summary>
    /// <exception cref="DataPlane.DataPlaneException">Nobody answers, or the node is refused.</exception>
    INodeConnection Connect(NodeKey node, NodeAdmitted admission);

    /// <summary>The newest state of its trainers since the last lease ended; null if there is none.</summary>
    RetainedState? Retained { get; }

    /// <summary>Frees the retained state: the run has a newer one.</summary>
    void ForgetRetained();
}

/// <summary>A node's connection to the process that leads, for one lease. Disposal ends it.</summary>
public interface INodeConnection : IDisposable
{
    /// <summary>Threads of one trainer, or worker of rollouts.</summary>
    int Threads { get; }

    /// <summary>Cancelled when it has ended.</summary>
    CancellationToken Closed { get; }

    /// <summary>Why it has ended, in a sentence; null while it lasts.</summary>
    string? Reason { get; }

    /// <summary>Makes what a trainer computes with; called on its thread.</summary>
    ITrainerDevice MakeDevice(TrainerKey trainer);

    /// <summary>Makes what a worker of rollouts computes with; called on its thread.</summary>
    IWorkerDevice MakeWorker(ActorId worker);

    /// <summary>Retains a copy of a trainer's state, unless there is a newer one; called on its thread.</summary>
    /// <param name="atStep">Updates that it has seen.</param>
    void Retain(ITrainerDevice device, long atStep, StateRecord record);

    /// <summary>Copies the retained state into a slot of the snapshots of the process that leads.</summary>
    /// <returns>Why not, in a sentence; null if it did.</returns>
    string? CopyRetained(int slot, long atStep);
}

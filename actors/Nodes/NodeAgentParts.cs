using ActorTrain.Actors.DataPlane;
using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Supervision;
using ActorTrain.Actors.Training;
using ActorTrain.Models;
using Akka.Actor;

namespace ActorTrain.Actors.Nodes;

/// <summary>Asks a <see cref="NodeAgent"/> to leave in order, and to end.</summary>
public sealed record LeaveRun : INoSerializationVerificationNeeded;

/// <summary>What a <see cref="NodeAgent"/> works with.</summary>
public sealed record NodeAgentParts
{
    public required NodeKey Node { get; init; }

    /// <summary>The path of the desk at the address of a number; may take a while.</summary>
    /// <exception cref="UserErrorException">It cannot be found.</exception>
    public required Func<int, string> PathOf { get; init; }

    public required INodeRun Run { get; init; }

    /// <summary>Makes a life of a trainer, given its device, its threads and the receiver of its reports.</summary>
    public required Func<TrainerLife, Func<ITrainerDevice>, int, IActorRef, Props> Trainer { get; init; }

    /// <summary>Makes a life of a worker of rollouts, given its device, its threads and the receiver of its reports.</summary>
    public required Func<WorkerLife, Func<IWorkerDevice>, int, IActorRef, Props> Worker { get; init; }

    /// <summary>Tells the user; whether it is a warning. Must not throw.</summary>
    public required Action<string, bool> Say { get; init; }

    /// <summary>Completed when the node is to end: with a refusal, or null if it left in order.</summary>
    public required TaskCompletionSource<string?> Ended { get; init; }

    internal static string Sentence(Exception exception) =>
        exception is UserErrorException or DataPlaneException ? exception.Message : ReportingStrategy.Sentence(exception);
}

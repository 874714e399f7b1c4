using ActorTrain.Actors.Training;
using ActorTrain.Persistence.Journal;
using Akka.Actor;

namespace ActorTrain.Actors.Nodes;

/// <summary>A place on a node, under a lease.</summary>
/// <param name="Number">Unique in this process; also of the life at the node.</param>
/// <param name="Agent">The actor of the node.</param>
public sealed record NodePlace(string Node, long Number, long Lease, long Term, IActorRef Agent) : LifePlace(Node);

/// <summary>The sender begins a life at a place.</summary>
internal sealed record OccupyPlace(long Place, ActorId Life) : INoSerializationVerificationNeeded;

/// <summary>A place is gone, usually with its node.</summary>
internal sealed record PlaceEnded(NodeEnd End, string Reason) : INoSerializationVerificationNeeded;

/// <summary>A node's process, which this process had started, has ended.</summary>
/// <param name="Reason">A sentence.</param>
public sealed record NodeProcessEnded(string Node, int ProcessId, string Reason) : INoSerializationVerificationNeeded;

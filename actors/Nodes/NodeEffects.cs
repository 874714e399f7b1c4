using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Training;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Nodes;

public abstract record NodeEffect;

/// <summary>Sends to a node, at the address of its last message.</summary>
public sealed record TellNode(NodeKey Node, NodeCommand Command) : NodeEffect;

/// <summary>Gives an actor a place.</summary>
/// <param name="Place">Unique in this process.</param>
public sealed record GivePlace(PlacePost Post, long Place, NodeKey Node, long Lease) : NodeEffect;

/// <summary>A place is gone, usually with its node.</summary>
/// <param name="Reason">A sentence.</param>
public sealed record EndPlace(long Place, NodeEnd End, string Reason) : NodeEffect;

/// <summary>Ends the connection of a lease's data plane.</summary>
public sealed record EndConnection(NodeKey Node, long Lease, string Reason) : NodeEffect;

/// <summary>A node has a lease.</summary>
public sealed record NodeCame(NodeHello Hello) : NodeEffect;

/// <summary>A lease is over.</summary>
public sealed record NodeWent(NodeKey Node) : NodeEffect;

/// <summary>A node has answered a request for its retained state.</summary>
public sealed record NodeCopied(RetainedCopied Answer) : NodeEffect;

/// <summary>Tells the user.</summary>
public sealed record NodeNotice(string Sentence, bool IsWarning) : NodeEffect;

/// <summary>An actor of one of the supervisors of this process, in all its lives.</summary>
/// <param name="Supervisor">Its number; each is replaced by one with another number.</param>
public readonly record struct PlacePost(int Supervisor, ActorRole Role, int Number)
{
    /// <summary>Whether it trains; else it works on rollouts.</summary>
    public bool Trains => Role == ActorRole.Trainer;
}

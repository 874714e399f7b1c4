using System.Text.Json.Serialization;
using ActorTrain.Models.Numerics;
using ActorTrain.Persistence.Certificates;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Protocol;

/// <summary>One process of a node: after a restart it has another key.</summary>
/// <param name="Name">Unique among the living nodes of a run.</param>
/// <param name="Incarnation">Of this process; larger than that of an earlier process with this name.</param>
public readonly record struct NodeKey(string Name, long Incarnation)
{
    public override string ToString() => Name;
}

/// <summary>What a node has found of a run: its configuration and data, and what it would compute on.</summary>
/// <param name="Reading">Of the <see cref="InspectRun"/>.</param>
/// <param name="ConfigurationHash">Of the run file in it.</param>
/// <param name="DataHash">Identity of the token data.</param>
/// <param name="Threads">Threads of one trainer.</param>
public sealed record NodeInspection(
    long Reading, string ConfigurationHash, string DataHash, NumericFingerprint Fingerprint, string Device, int Threads);

/// <summary>A message from a node to the process that leads a run.</summary>
public abstract record NodeReport(NodeKey Node);

/// <summary>Offers a node. Repeated until it is answered: by <see cref="InspectRun"/>, <see cref="NodeAdmitted"/>,
/// <see cref="NodeParked"/> or <see cref="NodeRefused"/>.</summary>
/// <param name="Attempt">Grows whenever the node has dropped all it had: repeated while it waits for an answer.</param>
/// <param name="Protocol">See <see cref="NodeProtocol.Version"/>.</param>
/// <param name="Build">Of the program.</param>
/// <param name="Room">Trainers that it takes at most; 0 for its share.</param>
/// <param name="Inspection">Null before a first answer.</param>
public sealed record NodeHello(
    NodeKey Node, long Attempt, int Protocol, string Build, string Host, int ProcessId, int Room, NodeInspection? Inspection)
    : NodeReport(Node)
{
    /// <summary>What it hosts: <see cref="NodeRoles.Worker"/> stands for trainers, <see cref="NodeRoles.Rollout"/> for workers of
    /// rollouts.</summary>
    public NodeRoles Roles { get; init; } = NodeRoles.Worker | NodeRoles.Rollout;

    /// <summary>Trainers that it hosted when its last lease ended.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Hosted { get; init; }

    /// <summary>The newest state of these trainers; null if there is none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public RetainedState? Retained { get; init; }
}

/// <summary>Renews a lease; answered by <see cref="LeaseRenewed"/> or <see cref="LeaseEnded"/>.</summary>
/// <param name="IsAdmitted">Whether it knows that it is: if not, it is told again.</param>
/// <param name="Progress">Grows with the work of those who live there.</param>
/// <param name="Lives">That it hosts: those that the run knows nothing of are stopped.</param>
public sealed record NodeHeartbeat(NodeKey Node, long Lease, bool IsAdmitted, long Progress, IReadOnlyList<long> Lives)
    : NodeReport(Node);

/// <summary>The node ends in order; what its trainers had begun goes to others.</summary>
public sealed record NodeLeaves(NodeKey Node, long Lease) : NodeReport(Node);

/// <summary>A node gives up a lease because of a fault of its own or of its connection.</summary>
public sealed record NodeFailed(NodeKey Node, long Lease, string Reason) : NodeReport(Node);

/// <summary>A life failed on its node.</summary>
/// <param name="Reason">A sentence.</param>
/// <param name="Damage">The corruption that ended it.</param>
/// <param name="ForMemory">Whether it ran out of memory.</param>
public sealed record LifeFailed(long Life, string Reason, FoundDamage? Damage, bool ForMemory)
{
    /// <summary>Whether the node never had it, since the command to begin it was lost: no failure of its own.</summary>
    public bool IsMissing { get; init; }
}

/// <summary>A message from the process that leads a run to a node.</summary>
/// <param name="Term">Of the sender; a node refuses one below the highest that it has seen.</param>
public abstract record NodeCommand(long Term);

/// <summary>Answers a first <see cref="NodeHello"/>: opens the run, and says hello again with what was found.</summary>
/// <param name="Reading">Of the leading process: a later one may have other settings.</param>
/// <param name="Run">Folder of the run, in full.</param>
/// <param name="Data">Folder of the token data, in full.</param>
public sealed record InspectRun(long Term, long Reading, string Run, string Data) : NodeCommand(Term);

/// <param name="Attempt">Of the hello that this answers: to a later one it is stale.</param>
/// <param name="Lease">Repeated in all messages of this lease.</param>
/// <param name="DataPlane">Address of the data plane, <c>HOST:PORT</c>.</param>
/// <param name="Timeout">Silence of either side after which the lease is over.</param>
public sealed record NodeAdmitted(long Term, long Attempt, long Lease, string DataPlane, TimeSpan Timeout) : NodeCommand(Term);

/// <summary>There is nothing to do for the node at present; it stays, with a lease, and may be admitted later.</summary>
/// <param name="Attempt">Of the hello that this answers: to a later one it is stale.</param>
public sealed record NodeParked(long Term, long Attempt, long Lease, TimeSpan Timeout) : NodeCommand(Term);

/// <param name="Reason">A sentence.</param>
public sealed record NodeRefused(long Term, string Reason) : NodeCommand(Term);

public sealed record LeaseRenewed(long Term, long Lease) : NodeCommand(Term);

/// <summary>A lease is over, and with it all lives under it. The node may say hello again.</summary>
public sealed record LeaseEnded(long Term, long Lease, string Reason) : NodeCommand(Term);

/// <summary>A command for a node under a lease; under another it is stale.</summary>
public abstract record LeaseCommand(long Term, long Lease, long Life) : NodeCommand(Term);

/// <summary>Begins a life of a trainer, whose reports go to the sender.</summary>
/// <param name="Life">Unique under the lease.</param>
public sealed record StartLife(long Term, long Lease, long Life, TrainerKey Trainer) : LeaseCommand(Term, Lease, Life);

/// <summary>Passes a command on to a trainer's life; dropped if that is over.</summary>
public sealed record TellLife(long Term, long Lease, long Life, TrainerCommand Command) : LeaseCommand(Term, Lease, Life);

/// <summary>Begins a life of a worker of rollouts, whose reports go to the sender.</summary>
/// <param name="Life">Unique under the lease.</param>
public sealed record StartWorkerLife(long Term, long Lease, long Life, ActorId Worker) : LeaseCommand(Term, Lease, Life);

/// <summary>Passes a command on to a worker's life; dropped if that is over.</summary>
public sealed record TellWorkerLife(long Term, long Lease, long Life, WorkerCommand Command) : LeaseCommand(Term, Lease, Life);

/// <summary>Ends a life without waiting for one that hangs; its memory is freed once its thread returns.</summary>
public sealed record StopLife(long Term, long Lease, long Life) : LeaseCommand(Term, Lease, Life);

/// <summary>Constants of the conversation with nodes.</summary>
public static class NodeProtocol
{
    /// <summary>Grows with every change of these messages that the other side must know.</summary>
    public const int Version = 2;

    /// <summary>Name of the actor of the leading process that nodes send to.</summary>
    public const string Desk = "nodes";

    /// <summary>Name of the actor systems.</summary>
    public const string System = "actortrain";

    /// <summary>Time between two heartbeats.</summary>
    public static readonly TimeSpan Heartbeat = TimeSpan.FromMilliseconds(250);

    /// <summary>Most nodes of a run; more are refused.</summary>
    public const int MostNodes = 1024;

    /// <summary>Most characters of a name.</summary>
    public const int LongestName = 64;

    /// <summary>Whether a name of a node may be used: letters, digits, dots, dashes and underscores.</summary>
    public static bool IsName(string? name) => name is { Length: > 0 and <= LongestName }
        && name.All(static letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-' or '_');
}

/// <summary>Asks for the nodes of a run; answered by <see cref="NodesStatus"/>.</summary>
public sealed record GetNodes;

public enum NodeState
{
    /// <summary>Admitted, with or without trainers.</summary>
    Admitted,

    Parked,

    /// <summary>Its lease is over; shown until it comes back.</summary>
    Lost,

    /// <summary>Left in order.</summary>
    Left,
}

/// <summary>One node, for display.</summary>
/// <param name="Trainers">Those that live there.</param>
/// <param name="Progress">Reports of those who live there, under this lease.</param>
/// <param name="LastFault">Why its lease was last lost; null if it never was.</param>
/// <param name="Silence">Time since its last sign of life.</param>
public sealed record NodeStatus(
    string Name, NodeState State, string Host, int ProcessId, string Device, int Threads, IReadOnlyList<TrainerKey> Trainers,
    long Progress, int Losses, string? LastFault, TimeSpan Silence)
{
    /// <summary>What it hosts.</summary>
    public NodeRoles Roles { get; init; }

    /// <summary>Workers of rollouts that live there.</summary>
    public IReadOnlyList<ActorId> Workers { get; init; } = [];
}

/// <param name="Waiting">Trainers that wait for a node with room.</param>
/// <param name="Refused">Nodes that were refused.</param>
/// <param name="LastRefusal">Why the last was refused; null if none was.</param>
public sealed record NodesStatus(IReadOnlyList<NodeStatus> Nodes, int Waiting, int Refused, string? LastRefusal)
{
    /// <summary>Workers of rollouts that wait for a node.</summary>
    public int WaitingWorkers { get; init; }
}

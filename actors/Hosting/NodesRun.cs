using System.Net;
using ActorTrain.Actors.Nodes;
using ActorTrain.Actors.Security;

namespace ActorTrain.Actors.Hosting;

/// <summary>How the trainers of a run live on nodes.</summary>
public sealed record NodesRun
{
    /// <summary>For the control plane; port 0 for any that is free.</summary>
    public required IPEndPoint ListenOn { get; init; }

    /// <summary>Of the data plane, at the same address; 0 for any that is free.</summary>
    public int DataPort { get; init; }

    /// <summary>Where nodes are told to connect to the data plane, given where it listens.</summary>
    public Func<IPEndPoint, IPEndPoint> DataPlaneAt { get; init; } = static address => address;

    /// <summary>Of both planes; null for plain text.</summary>
    public PeerSecurity? Security { get; init; }

    /// <summary>What nodes must agree with. Its address of the data plane and its first lease are filled in.</summary>
    public required NodeRosterOptions Roster { get; init; }

    /// <summary>Tells the user of nodes; whether it is a warning. Thread-safe, and must not throw.</summary>
    public required Action<string, bool> Notify { get; init; }
}

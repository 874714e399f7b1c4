using System.Net;
using ActorTrain.Actors.Reduction;
using ActorTrain.Actors.Snapshots;
using Microsoft.Extensions.Logging;

namespace ActorTrain.Actors.DataPlane;

/// <summary>Serves the transport of gradients and the snapshots of the control process to trainers in other processes, each of which has a
/// <see cref="DataPlaneClient"/>. On threads of its own.</summary>
/// <remarks>Memory is shared with processes of this host if the transport's pool and the snapshots are in shared memory; otherwise, and with
/// other hosts, vectors are copied through the connection. What a node has published stays readable until its round is closed, whatever
/// happens to the node.</remarks>
public sealed class DataPlaneServer : IDisposable
{
    /// <param name="transport">Not owned.</param>
    /// <param name="snapshots">Not owned.</param>
    /// <param name="layout">Hash of the layout of the vectors.</param>
    /// <param name="term">Of the control process: frames of any other are refused.</param>
    /// <param name="listenOn">Port 0 for any that is free.</param>
    public DataPlaneServer(IGradientTransport transport, SnapshotMemory snapshots, ulong layout, long term, IPEndPoint listenOn,
        ILogger logger, DataPlaneOptions? options = null) => throw new NotImplementedException();

    /// <summary>Where it listens.</summary>
    public IPEndPoint Address => throw new NotImplementedException();

    public long Term => throw new NotImplementedException();

    /// <summary>Nodes that are connected.</summary>
    public IReadOnlyList<DataPlaneNode> Nodes => throw new NotImplementedException();

    /// <summary>Called when a node is admitted, on a thread of its connection.</summary>
    public event Action<DataPlaneNode>? NodeJoined;

    /// <summary>Called once a node's connection has ended, with one sentence why, on a thread of that connection.</summary>
    public event Action<DataPlaneNode, string>? NodeGone;

    /// <summary>Ends the connection of a node, if there is one of that name and incarnation.</summary>
    /// <param name="reason">One sentence, for the log.</param>
    public void Disconnect(string node, long incarnation, string reason) => throw new NotImplementedException();

    /// <summary>Ends all connections.</summary>
    public void Dispose() => throw new NotImplementedException();
}

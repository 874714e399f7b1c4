using System.Net;
using System.Net.Sockets;
using ActorTrain.Actors.Reduction;
using ActorTrain.Actors.Security;
using ActorTrain.Actors.Snapshots;
using ActorTrain.Persistence.Certificates;
using Microsoft.Extensions.Logging;

namespace ActorTrain.Actors.DataPlane;

/// <summary>Serves the transport of gradients, the snapshots and the rollouts of the control process to nodes, each of which has a
/// <see cref="DataPlaneClient"/>. On threads of its own.</summary>
/// <remarks>Memory is shared with processes of this host if the transport's pool and the snapshots are in shared memory; otherwise, and
/// with other hosts, vectors are copied through the connection. What a node has published stays readable until its round is closed,
/// whatever happens to the node.</remarks>
public sealed class DataPlaneServer : IDisposable
{
    // Connections without a hello, beside those of nodes.
    private const int MostStrangers = 64;
    private const int Backlog = 128;
    private static readonly TimeSpan LookAround = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(10);
    private readonly Lock gate = new();
    private readonly Socket listener;
    private readonly Strangers<Stranger> strangers;
    private readonly RefusedConnections refused;
    private readonly PeerSecurity? security;
    private readonly Dictionary<string, NodeConnection> nodes = [];
    private readonly ServedVectors served;
    private readonly ulong layout;
    private readonly ILogger logger;
    private readonly DataPlaneOptions options;
    private readonly Thread accepting;
    private long connections;
    private volatile bool isDisposed;

    /// <param name="transport">Not owned.</param>
    /// <param name="snapshots">Not owned.</param>
    /// <param name="layout">Hash of the layout of the vectors.</param>
    /// <param name="term">Of the control process: frames of any other are refused.</param>
    /// <param name="listenOn">Port 0 for any that is free.</param>
    /// <param name="security">Null for plain text.</param>
    /// <param name="experiences">Null if the run is trained on data alone. Not owned.</param>
    /// <exception cref="SocketException">The address cannot be listened on.</exception>
    public DataPlaneServer(IGradientTransport transport, SnapshotMemory snapshots, ulong layout, long term, IPEndPoint listenOn,
        ILogger logger, DataPlaneOptions? options = null, PeerSecurity? security = null, IExperienceSource? experiences = null)
    {
        ArgumentNullException.ThrowIfNull(listenOn);
        listener = new Socket(listenOn.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        served = new ServedVectors(transport, snapshots, experiences);
        (this.layout, Term, this.logger, this.options, this.security) = (layout, term, logger, options ?? new DataPlaneOptions(), security);
        strangers = new Strangers<Stranger>(MostStrangers, this.options.HelloTimeout);
        refused = new RefusedConnections("data plane", logger, TimeProvider.System);
        try
        {
            listener.Bind(listenOn);
            listener.Listen(Backlog);
            Address = (IPEndPoint)listener.LocalEndPoint!;
        }
        catch
        {
            listener.Dispose();
            throw;
        }

        accepting = new Thread(AcceptAll) { IsBackground = true, Name = "data-plane" };
        accepting.Start();
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint Address { get; }

    public long Term { get; }

    /// <summary>Nodes that are connected.</summary>
    public IReadOnlyList<DataPlaneNode> Nodes
    {
        get
        {
            lock (gate)
                return [.. nodes.Values.Select(static connection => connection.Node)];
        }
    }

    /// <summary>Called when a node is admitted, on a thread of its connection, before its first request.</summary>
    public event Action<DataPlaneNode>? NodeJoined;

    /// <summary>Called once a node's connection has ended, with one sentence why, on a thread of that connection.</summary>
    public event Action<DataPlaneNode, string>? NodeGone;

    /// <summary>Ends the connection of a node, if there is one of that name and incarnation.</summary>
    /// <param name="reason">One sentence, for the log.</param>
    public void Disconnect(string node, long incarnation, string reason)
    {
        NodeConnection? connection;
        lock (gate)
            nodes.TryGetValue(node, out connection);
        if (connection?.Node.Incarnation == incarnation)
            connection.Close(reason);
    }

    /// <summary>Ends all connections.</summary>
    public void Dispose()
    {
        NodeConnection[] connected;
        lock (gate)
        {
            if (isDisposed)
                return;
            isDisposed = true;
            connected = [.. nodes.Values];
            foreach (var stranger in strangers.All)
                stranger.Close("The server ends.");
        }

        foreach (var connection in connected)
            connection.Close("The server ends.");
        accepting.Join(EndPatience);
        listener.Dispose();
        foreach (var connection in connected)
            connection.HasEnded.Wait(EndPatience);
    }

    private void AcceptAll()
    {
        while (!isDisposed)
        {
            CloseOverdue();
            try
            {
                if (listener.Poll(LookAround, SelectMode.SelectRead))
                    Accept(listener.Accept());
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException or OutOfMemoryException)
            {
                // The next look comes soon enough: it may have run out of descriptors, or the other side is gone again.
                if (!isDisposed)
                    Thread.Sleep(LookAround);
            }
        }
    }

    private void Accept(Socket socket)
    {
        var stranger = new Stranger(socket);
        lock (gate)
        {
            if (isDisposed)
            {
                socket.Dispose();
                return;
            }

            strangers.Add(stranger, TimeProvider.System.GetUtcNow())?.Close("Others came before its hello.");
        }

        new Thread(() => Serve(stranger)) { IsBackground = true, Name = $"data-{stranger.From}" }.Start();
    }

    private void CloseOverdue()
    {
        lock (gate)
        {
            foreach (var stranger in strangers.Overdue(TimeProvider.System.GetUtcNow()))
                stranger.Close($"There was no hello for {options.HelloTimeout.TotalSeconds:0.#} s.");
        }
    }

    private void Serve(Stranger stranger)
    {
        NodeConnection? connection = null;
        CertifiedPeer? peer = null;
        try
        {
            Stream stream = FrameLink.StreamOf(stranger.Socket, options);
            if (security is not null)
                (stream, peer) = security.Accept(stream, stranger.From.Address);
            connection = Admit(new FrameLink(stranger.Socket, stream, options, $"data-{stranger.From}"), peer);
        }
        catch (Exception exception)
        {
            if (!isDisposed)
            {
                refused.Add(peer?.Name ?? (exception as PeerException)?.Peer ?? (exception as FrameException)?.Node, stranger.From,
                    stranger.Reason ?? exception.Message);
            }
        }
        finally
        {
            lock (gate)
                strangers.Remove(stranger);
            if (connection is null)
                stranger.Socket.Dispose();
        }

        if (connection is not null)
            Serve(connection);
    }

    private void Serve(NodeConnection connection)
    {
        Tell(() => NodeJoined?.Invoke(connection.Node));
        var reason = connection.Run();
        lock (gate)
        {
            if (nodes.TryGetValue(connection.Node.Name, out var current) && current == connection)
                nodes.Remove(connection.Node.Name);
        }

        logger.LogWarning("The data plane of {Node} ended: {Reason}", connection.Node, reason);
        Tell(() => NodeGone?.Invoke(connection.Node, reason));
        connection.HasEnded.Set();
    }

    private NodeConnection Admit(FrameLink link, CertifiedPeer? peer)
    {
        var (hello, place) = Handshake.ReceiveHello(link);
        if (Objection(hello, peer) is { } objection)
            throw Refuse(link, hello, objection);
        var arena = place is { } known && options.ShareMemory ? served.Map(known, hello.Capacity) : null;
        try
        {
            return Admit(link, hello, arena, peer?.May(NodeRoles.Worker) != false);
        }
        catch
        {
            arena?.Leave();
            throw;
        }
    }

    private NodeConnection Admit(FrameLink link, DataPlaneHello hello, NodeArena? arena, bool mayTrain)
    {
        while (true)
        {
            NodeConnection? former;
            lock (gate)
            {
                if (!nodes.TryGetValue(hello.Node, out former))
                {
                    if (isDisposed || nodes.Count >= options.Nodes)
                        break;
                    var medium = arena is null ? DataPlaneMedium.Tcp : DataPlaneMedium.Shared;
                    var node = new DataPlaneNode(hello.Node, hello.Incarnation, ++connections, medium);
                    Handshake.Admit(link, Term, node);
                    var connection = new NodeConnection(node, link, served, arena, hello.Capacity, logger)
                    {
                        MayTrain = mayTrain,
                    };
                    nodes.Add(node.Name, connection);
                    return connection;
                }
            }

            if (former.Node.Incarnation >= hello.Incarnation)
                throw Refuse(link, hello, $"Node {hello.Node} is connected already, as incarnation {former.Node.Incarnation}.");
            former.Close($"Incarnation {hello.Incarnation} of the node takes its place.");
            if (!former.HasEnded.Wait(EndPatience))
                throw Refuse(link, hello, $"Incarnation {former.Node.Incarnation} of node {hello.Node} does not end.");
        }

        throw Refuse(link, hello, isDisposed ? "The server ends." : $"{options.Nodes} nodes are connected, as many as may be.");
    }

    private FrameException Refuse(FrameLink link, DataPlaneHello hello, string reason)
    {
        Handshake.Refuse(link, Term, reason);
        return new FrameException(reason) { Node = hello.Node };
    }

    // Who may lead may start nodes under any name.
    private string? Objection(DataPlaneHello hello, CertifiedPeer? peer) =>
        peer is not null && !peer.Roles.HasFlag(NodeRoles.Control) && peer.Name != hello.Node
            ? $"The certificate is of {peer.Name}, but it calls itself {hello.Node}; start it with '--name {peer.Name}'."
        : hello.Term > Term ? $"Node {hello.Node} has seen term {hello.Term}, and this is term {Term}, which has ended."
        : hello.Length != served.Length
            ? $"Vectors of node {hello.Node} have {hello.Length} elements; those of this run have {served.Length}."
        : hello.Layout != layout ? $"Node {hello.Node} lays out its parameters in another way: its run file is not that of this run."
        : hello.Capacity > options.VectorsPerNode
            ? $"Node {hello.Node} wants {hello.Capacity} vectors, and a node has {options.VectorsPerNode} at most."
        : null;

    // Who listens must not end a connection.
    private void Tell(Action tell)
    {
        try
        {
            tell();
        }
        catch (Exception exception)
        {
            logger.LogError(exception, "Who listens to the nodes of the data plane failed");
        }
    }

    // A connection without a hello.
    private sealed class Stranger(Socket socket)
    {
        private string? reason;

        public Socket Socket => socket;

        public IPEndPoint From { get; } = socket.RemoteEndPoint as IPEndPoint ?? new IPEndPoint(IPAddress.None, 0);

        public string? Reason => Volatile.Read(ref reason);

        // Wakes the thread that waits for its hello.
        public void Close(string why)
        {
            Interlocked.CompareExchange(ref reason, why, null);
            try
            {
                socket.Shutdown(SocketShutdown.Both);
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                // It has ended already.
            }
        }
    }
}

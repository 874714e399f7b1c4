using System.Net;
using System.Net.Sockets;
using ActorTrain.Actors.Security;
using ActorTrain.Persistence.Certificates;
using Akka.Actor;
using Akka.Remote.Transport;
using Microsoft.Extensions.Logging;

namespace ActorTrain.Actors.ControlPlane;

/// <summary>Accepts and makes connections of the control plane: with certificates where there are some, else in plain text.</summary>
/// <remarks>Who connects is known before Akka.Remote learns of it.</remarks>
/// <param name="security">Null for plain text.</param>
/// <param name="peers">Where those listen that may connect, which then connect from the same address; null for whoever security
/// admits.</param>
internal sealed class ControlListener(
    PeerSecurity? security, IReadOnlyList<IPEndPoint>? peers, ControlPlaneLimits limits, ILogger logger, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan LookAround = TimeSpan.FromMilliseconds(200);
    private readonly Lock gate = new();
    private readonly RefusedConnections refused = new("control plane", logger, time);
    private readonly Strangers<Socket> strangers = new(limits.Strangers, limits.HelloTimeout);
    private readonly HashSet<ControlLink> links = [];
    private readonly CancellationTokenSource closed = new();
    private Socket? listener;

    /// <summary>Of this actor system, once it is known.</summary>
    public Address? Local { get; set; }

    /// <summary>How an address is written as the host of an actor system.</summary>
    public static string HostOf(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{address}]" : $"{address}";

    /// <summary>Listens, but accepts nobody yet.</summary>
    /// <returns>The address that was bound.</returns>
    /// <exception cref="SocketException">It cannot be.</exception>
    public IPEndPoint Listen(IPEndPoint on)
    {
        listener = new Socket(on.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(on);
        listener.Listen(limits.Strangers);
        return (IPEndPoint)listener.LocalEndPoint!;
    }

    /// <summary>Accepts connections, and tells of each that has said who it is, until it is disposed of.</summary>
    public async Task AcceptAll(Action<ControlLink> accepted)
    {
        using var overdue = time.CreateTimer(_ => CloseOverdue(), null, LookAround, LookAround);
        while (!closed.IsCancellationRequested)
        {
            try
            {
                var socket = await listener!.AcceptAsync(closed.Token).ConfigureAwait(false);
                _ = Greet(socket, accepted);
            }
            catch (Exception exception) when (exception is SocketException or OutOfMemoryException)
            {
                // The other side is gone again, or this one has run out of descriptors.
                await Task.Delay(LookAround, time, CancellationToken.None).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    /// <summary>Connects to a process that may lead.</summary>
    /// <exception cref="ControlLinkException">It is none, or does not accept this one.</exception>
    /// <exception cref="SocketException">Nobody answers.</exception>
    /// <exception cref="OperationCanceledException">Nobody answers in time.</exception>
    public async Task<ControlLink> Connect(IPEndPoint to, Address remote)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(closed.Token);
        timeout.CancelAfter(limits.ConnectTimeout);
        var socket = new Socket(to.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (peers is not null)
                socket.Bind(new IPEndPoint(IPAddress.Parse(Local!.Host), 0));
            await socket.ConnectAsync(to, timeout.Token).ConfigureAwait(false);
            timeout.CancelAfter(limits.HelloTimeout);
            var (stream, peer) = await Secure(socket, plain => security!.ConnectAsync(plain, to.Address, timeout.Token))
                .ConfigureAwait(false);
            try
            {
                await ControlFrames.SendPreface(stream, timeout.Token).ConfigureAwait(false);
                await ControlFrames.ReceivePreface(stream, timeout.Token).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is ControlLinkException or IOException)
            {
                throw new ControlLinkException(security is null
                    ? $"{to} closed the connection: it may accept certificates only (--certificates; for a process "
                        + "that may lead, nodes.certificates), or another protocol listens there."
                    : $"{to} closed the connection: it does not accept the certificate of {security.Credentials.Name}; its log says why.",
                    exception);
            }

            var link = new ControlLink(Local!, remote, socket, stream, limits.LongestFrame);
            if (peers is not null)
                link.BindTo(remote);
            Start(link, peer, to);
            return link;
        }
        catch (PeerException exception)
        {
            socket.Dispose();
            throw new ControlLinkException($"{to} is not accepted: {exception.Message}", exception);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        closed.Cancel();
        listener?.Dispose();
        ControlLink[] left;
        lock (gate)
        {
            foreach (var stranger in strangers.All)
                stranger.Dispose();
            left = [.. links];
        }

        foreach (var link in left)
            link.End();
    }

    private async Task Greet(Socket socket, Action<ControlLink> accepted)
    {
        var from = socket.RemoteEndPoint as IPEndPoint;
        CertifiedPeer? peer = null;
        lock (gate)
            strangers.Add(socket, time.GetUtcNow())?.Dispose();
        try
        {
            if (from is null)
                return;
            (var stream, peer) = await Secure(socket, plain => security!.AcceptAsync(plain, from.Address, closed.Token))
                .ConfigureAwait(false);
            await ControlFrames.ReceivePreface(stream, closed.Token).ConfigureAwait(false);
            await ControlFrames.SendPreface(stream, closed.Token).ConfigureAwait(false);
            var remote = new Address(Local!.Protocol, Local.System, from.Address.ToString(), from.Port);
            var link = new ControlLink(Local, remote, socket, stream, limits.LongestFrame);
            if (SenderOf(await link.ReceiveOrigin(closed.Token).ConfigureAwait(false), peer, from) is { } sender)
                link.BindTo(sender);
            lock (gate)
            {
                if (links.Count >= limits.Links)
                    throw new ControlLinkException($"There are {limits.Links} connections, as many as may be.");
                if (!strangers.Remove(socket))
                    throw new ControlLinkException("It took too long to say who it is.");
            }

            Start(link, peer, from);
            accepted(link);
        }
        catch (Exception exception)
        {
            Refuse(socket, from, peer?.Name ?? (exception as PeerException)?.Peer, exception);
        }
    }

    // Whose messages a connection brings; null for anybody's, since who may lead may speak for others, too.
    private Address? SenderOf(Address origin, CertifiedPeer? peer, IPEndPoint from)
    {
        if (peers is not null)
        {
            if (!peers.Any(one => HostOf(one.Address) == origin.Host && one.Port == origin.Port))
            {
                throw new ControlLinkException(
                    $"It calls itself {origin.Host}:{origin.Port}, which is none of {string.Join(", ", peers)}.");
            }

            return origin.Host == HostOf(from.Address) ? origin
                : throw new ControlLinkException($"It calls itself {origin.Host}:{origin.Port}, but it is at {from.Address}.");
        }

        if (peer is null || peer.Roles.HasFlag(NodeRoles.Control))
            return null;
        return origin.Host == peer.Name ? origin : throw new ControlLinkException(
            $"The certificate is of {peer.Name}, but it calls itself {origin.Host}; start it with '--name {peer.Name}'.");
    }

    private void Refuse(Socket socket, IPEndPoint? from, string? peer, Exception exception)
    {
        bool isEvicted;
        lock (gate)
            isEvicted = !strangers.Remove(socket);
        socket.Dispose();
        if (!closed.IsCancellationRequested)
        {
            refused.Add(peer, from, exception is PeerException or ControlLinkException && !isEvicted ? exception.Message
                : isEvicted ? "It took too long to say who it is." : $"The connection failed ({exception.Message.TrimEnd('.')}).");
        }
    }

    private async Task<(Stream Stream, CertifiedPeer? Peer)> Secure(Socket socket, Func<Stream, Task<SecuredPeer>> secure)
    {
        socket.NoDelay = true;
        var stream = new NetworkStream(socket, ownsSocket: true);
        if (security is null)
            return (stream, null);
        var secured = await secure(stream).ConfigureAwait(false);
        return (secured.Stream, secured.Peer);
    }

    private void Start(ControlLink link, CertifiedPeer? peer, EndPoint other)
    {
        lock (gate)
            links.Add(link);
        _ = Run(link, peer, other);
    }

    private async Task Run(ControlLink link, CertifiedPeer? peer, EndPoint other)
    {
        var reason = await link.Run().ConfigureAwait(false);
        lock (gate)
            links.Remove(link);
        if (reason is not null)
            refused.Add(peer?.Name, other, reason);
    }

    private void CloseOverdue()
    {
        lock (gate)
        {
            foreach (var stranger in strangers.Overdue(time.GetUtcNow()))
                stranger.Dispose();
        }
    }
}

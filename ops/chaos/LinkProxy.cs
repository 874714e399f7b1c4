using System.Net;
using System.Net.Sockets;

namespace ActorTrain.Chaos;

/// <summary>A proxy of a server, on the loopback address, that cuts all connections to simulate an outage.</summary>
public sealed class LinkProxy : IDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stopping = new();
    private readonly Lock gate = new();
    private readonly List<Socket> open = [];
    private readonly string host;
    private readonly int port;
    private bool isAway;

    /// <param name="host">Of the server: a name, an address, or the folder of a socket of PostgreSQL.</param>
    public LinkProxy(string host, int port)
    {
        (this.host, this.port) = (host, port);
        listener.Start();
        Address = (IPEndPoint)listener.LocalEndpoint;
        _ = Accept();
    }

    public IPEndPoint Address { get; }

    /// <summary>Cuts all connections and refuses new ones, or accepts them again.</summary>
    public void SetAway(bool away)
    {
        lock (gate)
        {
            isAway = away;
            if (!away)
                return;
            foreach (var socket in open)
                socket.Dispose();
            open.Clear();
        }
    }

    public void Dispose()
    {
        stopping.Cancel();
        listener.Dispose();
        SetAway(true);
        stopping.Dispose();
    }

    private async Task Accept()
    {
        while (true)
        {
            Socket near;
            try
            {
                near = await listener.AcceptSocketAsync(stopping.Token).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }

            _ = Join(near);
        }
    }

    private async Task Join(Socket near)
    {
        var far = host.StartsWith('/') ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            lock (gate)
            {
                if (isAway)
                    return;
                open.AddRange([near, far]);
            }

            await (host.StartsWith('/')
                ? far.ConnectAsync(new UnixDomainSocketEndPoint($"{host}/.s.PGSQL.{port}"))
                : far.ConnectAsync(host, port)).ConfigureAwait(false);
            await Task.WhenAny(Carry(near, far), Carry(far, near)).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is SocketException or IOException or ObjectDisposedException)
        {
            // One side is closed; the other is closed below.
        }
        finally
        {
            lock (gate)
                open.RemoveAll(socket => socket == near || socket == far);
            near.Dispose();
            far.Dispose();
        }
    }

    private static async Task Carry(Socket from, Socket to)
    {
        using var reading = new NetworkStream(from);
        using var writing = new NetworkStream(to);
        await reading.CopyToAsync(writing).ConfigureAwait(false);
    }
}

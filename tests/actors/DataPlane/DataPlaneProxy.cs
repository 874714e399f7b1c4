using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using ActorTrain.Actors.DataPlane;

namespace ActorTrain.Actors.Tests.DataPlane;

/// <summary>Stands between one node and the server, and may change each frame on its way.</summary>
internal sealed class DataPlaneProxy : IDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly IPEndPoint server;
    private readonly Func<bool, byte[], byte[]?> change;
    private readonly List<IDisposable> sockets = [];

    /// <param name="change">Of a frame to the node (true) or from it; null ends the connection there.</param>
    public DataPlaneProxy(IPEndPoint server, Func<bool, byte[], byte[]?> change)
    {
        (this.server, this.change) = (server, change);
        listener.Start();
        new Thread(Accept) { IsBackground = true }.Start();
    }

    public IPEndPoint Address => (IPEndPoint)listener.LocalEndpoint;

    public void Dispose()
    {
        listener.Dispose();
        lock (sockets)
            sockets.ForEach(static socket => socket.Dispose());
    }

    private void Accept()
    {
        try
        {
            while (true)
            {
                var node = listener.AcceptTcpClient();
                var to = new TcpClient();
                lock (sockets)
                    sockets.AddRange([node, to]);
                to.Connect(server);
                new Thread(() => Relay(node.GetStream(), to.GetStream(), isToNode: false)) { IsBackground = true }.Start();
                new Thread(() => Relay(to.GetStream(), node.GetStream(), isToNode: true)) { IsBackground = true }.Start();
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // It was closed.
        }
    }

    private void Relay(NetworkStream from, NetworkStream to, bool isToNode)
    {
        try
        {
            var header = new byte[FrameHeader.Size];
            while (true)
            {
                from.ReadExactly(header);
                var payload = new byte[BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(68))];
                from.ReadExactly(payload);
                if (change(isToNode, [.. header, .. payload]) is not { } frame)
                    break;
                to.Write(frame);
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            // One side closed it.
        }

        from.Dispose();
        to.Dispose();
    }
}

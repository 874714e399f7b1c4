using System.Net;
using System.Net.Sockets;
using ActorTrain.Actors.DataPlane;
using ActorTrain.Models.Storage;

namespace ActorTrain.Actors.Tests.DataPlane;

/// <summary>A connection whose every byte a test decides.</summary>
internal sealed class RawNode : IDisposable
{
    private readonly Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly NetworkStream stream;
    private readonly FrameReader reader;
    private ulong sequence;

    public RawNode(IPEndPoint server)
    {
        socket.Connect(server);
        stream = new NetworkStream(socket) { ReadTimeout = (int)DataPlaneWorld.Patience.TotalMilliseconds };
        reader = new FrameReader(stream);
    }

    public long Term { get; set; } = DataPlaneWorld.Term;

    public long Generation { get; set; }

    /// <summary>Connects as a node that shares no memory.</summary>
    public static RawNode Admitted(DataPlaneWorld world, string name)
    {
        var node = new RawNode(world.Server.Address);
        node.Send(node.Hello(world.Hello(name)));
        node.Next()!.Value.Kind.ShouldBe(FrameKind.Welcome);
        node.Generation = world.NextJoined().Connection;
        return node;
    }

    public byte[] Hello(DataPlaneHello hello) => Frame(new FrameHeader(FrameKind.Hello) { Term = hello.Term },
        new PayloadWriter().Add(hello.Incarnation).Add(hello.Length).Add(hello.Layout).Add(hello.Capacity).Add((SharedPlace?)null)
            .Add(hello.Node).Bytes);

    /// <summary>A frame with all that must fit.</summary>
    public byte[] Frame(FrameHeader header, params byte[] payload)
    {
        var bytes = new byte[FrameHeader.Size + payload.Length];
        (header with
        {
            Sequence = sequence++,
            Term = Term,
            Generation = Generation,
            PayloadLength = payload.Length,
            PayloadChecksum = FrameHeader.ChecksumOf(payload),
        }).Write(bytes);
        payload.CopyTo(bytes, FrameHeader.Size);
        return bytes;
    }

    public void Send(params byte[] bytes) => stream.Write(bytes);

    /// <summary>The next frame that is no ping, without its payload; null once the other side has closed the connection.</summary>
    public FrameHeader? Next()
    {
        try
        {
            while (reader.Next() is { } header)
            {
                reader.Payload(header, new byte[header.PayloadLength]);
                if (header.Kind is not FrameKind.Ping)
                    return header;
            }
        }
        catch (Exception exception) when (exception is FrameException
            || exception.InnerException is SocketException { SocketErrorCode: not SocketError.TimedOut })
        {
            // It was closed with bytes unread.
        }

        return null;
    }

    /// <summary>Takes no more than the system does by itself.</summary>
    public void ReadNothing() => socket.ReceiveBufferSize = 4096;

    public void EndSending() => socket.Shutdown(SocketShutdown.Send);

    public void Dispose()
    {
        stream.Dispose();
        socket.Dispose();
    }
}

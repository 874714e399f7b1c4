using System.Buffers;
using System.Buffers.Binary;
using System.Net.Sockets;
using System.Threading.Channels;
using Akka.Actor;
using Akka.Remote.Transport;
using Google.Protobuf;

namespace ActorTrain.Actors.ControlPlane;

/// <summary>A connection of two actor systems. Thread-safe.</summary>
internal sealed class ControlLink : AssociationHandle
{
    // Sent at a time, and waiting to be sent, at most; a longer frame is sent alone.
    private const int Batch = 64 << 10;
    private const long LongestQueue = 64 << 20;

    // A side that reads nothing for so long is given up.
    private static readonly TimeSpan WriteTimeout = TimeSpan.FromSeconds(10);

    // Akka.Remote takes a connection at once, or never.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    // What the other side had sent is read for so long, since closing with bytes unread would lose those that were just sent to it.
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(1);

    private readonly Socket socket;
    private readonly Stream stream;
    private readonly long longest;
    private readonly Channel<ByteString> queue = Channel.CreateUnbounded<ByteString>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CancellationTokenSource closed = new();
    private string? owner;
    private string? senders;
    private byte[]? first;
    private long queued;
    private bool isIntroduced;
    private volatile bool isLeaving;

    /// <param name="socket">Below the stream.</param>
    /// <param name="stream">Owned, with its socket.</param>
    /// <param name="longest">Bytes of a frame, at most.</param>
    public ControlLink(Address local, Address remote, Socket socket, Stream stream, long longest)
        : base(local, remote) => (this.socket, this.stream, this.longest) = (socket, stream, longest);

    /// <summary>Reads the frame in which the side that connected says what its actor system is called.</summary>
    /// <returns>The address of that actor system.</returns>
    /// <exception cref="ControlLinkException">It is none.</exception>
    public async Task<Address> ReceiveOrigin(CancellationToken cancellation)
    {
        first = await ControlFrames.Read(stream, longest, cancellation).ConfigureAwait(false)
            ?? throw new ControlLinkException("The connection was closed before it began.");
        isIntroduced = true;
        var origin = ControlPdu.Read(first).Origin ?? throw new ControlLinkException("The first frame does not say who sends it.");
        return new Address(LocalAddress.Protocol, LocalAddress.System, origin.Host, (int)origin.Port);
    }

    /// <summary>Accepts messages only of the actors of one actor system.</summary>
    public void BindTo(Address sender)
    {
        ArgumentNullException.ThrowIfNull(sender);
        (owner, senders) = (sender.Host, sender.ToString()[sender.Protocol.Length..] + "/");
    }

    /// <summary>Exchanges frames until the connection has ended.</summary>
    /// <returns>Why it was closed, if the other side does not keep to the protocol; null if it only ended.</returns>
    public async Task<string?> Run()
    {
        IHandleEventListener handler;
        try
        {
            handler = await ReadHandlerSource.Task.WaitAsync(Patience).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // The actor system ends.
            await stream.DisposeAsync().ConfigureAwait(false);
            return null;
        }

        var writing = WriteAll();
        string? reason = null;
        try
        {
            await ReadAll(handler).ConfigureAwait(false);
        }
        catch (ControlLinkException exception)
        {
            reason = exception.Message;
        }
        catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException
            or OperationCanceledException)
        {
            // It has ended.
        }

        queue.Writer.TryComplete();
        await closed.CancelAsync().ConfigureAwait(false);
        await writing.ConfigureAwait(false);
        await stream.DisposeAsync().ConfigureAwait(false);
        handler.Notify(new Disassociated(DisassociateInfo.Unknown));
        return reason;
    }

    public override bool Write(ByteString payload)
    {
        if (Interlocked.Add(ref queued, payload.Length) <= LongestQueue && queue.Writer.TryWrite(payload))
            return true;
        Interlocked.Add(ref queued, -payload.Length);
        return false;
    }

#pragma warning disable CS0672 // Akka.Remote calls this one.
    public override void Disassociate() => End();
#pragma warning restore CS0672

    /// <summary>Ends the connection once what was written is sent.</summary>
    public void End() => queue.Writer.TryComplete();

    private async Task ReadAll(IHandleEventListener handler)
    {
        if (first is not null)
            handler.Notify(new InboundPayload(UnsafeByteOperations.UnsafeWrap(first)));
        while (await ControlFrames.Read(stream, longest, closed.Token).ConfigureAwait(false) is { } frame)
        {
            var unit = ControlPdu.Read(frame);
            if (senders is not null && unit.Sender is { } sender && !IsOwn(sender, senders))
                throw new ControlLinkException($"{owner} sent a message in the name of another.");
            if (senders is not null && unit.Origin is { } origin)
                Introduce(origin);
            if (!isLeaving)
                handler.Notify(new InboundPayload(UnsafeByteOperations.UnsafeWrap(frame)));
        }
    }

    // Who was connected to says once who it is, too.
    private void Introduce((string Host, long Port) origin)
    {
        if (isIntroduced)
            throw new ControlLinkException($"{owner} introduced itself twice.");
        isIntroduced = true;
        if (origin.Host != RemoteAddress.Host || origin.Port != RemoteAddress.Port)
            throw new ControlLinkException($"It was called {RemoteAddress.Host}:{RemoteAddress.Port}, but calls itself {origin.Host}:"
                + $"{origin.Port}.");
    }

    // The scheme has a part for each layer of the transport.
    private static bool IsOwn(string sender, string own) =>
        sender.IndexOf("://", StringComparison.Ordinal) is >= 0 and var at && sender.AsSpan(at).StartsWith(own, StringComparison.Ordinal);

    private async Task WriteAll()
    {
        var buffer = new ArrayBufferWriter<byte>(Batch);
        try
        {
            while (await queue.Reader.WaitToReadAsync(closed.Token).ConfigureAwait(false))
            {
                buffer.ResetWrittenCount();
                while (buffer.WrittenCount < Batch && queue.Reader.TryRead(out var next))
                {
                    BinaryPrimitives.WriteInt32LittleEndian(buffer.GetSpan(ControlFrames.HeaderSize), next.Length);
                    buffer.Advance(ControlFrames.HeaderSize);
                    buffer.Write(next.Span);
                    Interlocked.Add(ref queued, -next.Length);
                }

                using var timeout = CancellationTokenSource.CreateLinkedTokenSource(closed.Token);
                timeout.CancelAfter(WriteTimeout);
                await stream.WriteAsync(buffer.WrittenMemory, timeout.Token).ConfigureAwait(false);
            }

            isLeaving = true;
            socket.Shutdown(SocketShutdown.Send);
            closed.CancelAfter(Farewell);
            return;
        }
        catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException
            or OperationCanceledException)
        {
            // The other half notices, too.
        }

        // Wakes the other half.
        await closed.CancelAsync().ConfigureAwait(false);
    }
}

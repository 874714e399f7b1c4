using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Sockets;

namespace ActorTrain.Actors.DataPlane;

/// <summary>A connection of two processes: requests with numbers and their answers, in any order, and notices. One thread reads, one
/// writes. Thread-safe.</summary>
/// <remarks>Memory that is read from or into is in use until its request is answered or has failed: requests fail only when both threads
/// have ended, so nobody writes into memory that its owner has back. Neither thread waits for the other: a side that reads too slowly, or
/// asks for more than it reads, is given up.</remarks>
internal sealed class FrameLink : IDisposable
{
    private const int LongestQueue = 1 << 13;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private readonly Socket socket;
    private readonly Stream stream;
    private readonly DataPlaneOptions options;
    private readonly string name;
    private readonly BlockingCollection<Outgoing> outgoing = new(LongestQueue);
    private readonly ConcurrentDictionary<ulong, PendingAnswer> pending = [];
    private readonly FrameReader reader;
    private readonly FrameWriter writer;
    private byte[] control = new byte[4096];
    private string? reason;
    private ulong number;
    private long progress = Stopwatch.GetTimestamp();

    /// <param name="socket">Below the stream; owned from now on.</param>
    /// <param name="stream">Of <see cref="StreamOf"/>, perhaps encrypted; owned from now on.</param>
    /// <param name="name">Of its threads.</param>
    public FrameLink(Socket socket, Stream stream, DataPlaneOptions options, string name)
    {
        (this.socket, this.stream, this.options, this.name) = (socket, stream, options, name);
        (reader, writer) = (new FrameReader(stream), new FrameWriter(stream));
    }

    /// <summary>The bytes of a connection, on which nothing waits for longer than the time of silence.</summary>
    public static NetworkStream StreamOf(Socket socket, DataPlaneOptions options)
    {
        socket.NoDelay = true;
        return new NetworkStream(socket, ownsSocket: true)
        {
            ReadTimeout = (int)options.Silence.TotalMilliseconds,
            WriteTimeout = (int)options.Silence.TotalMilliseconds,
        };
    }

    /// <summary>Why the connection has ended, in one sentence; null while it lasts.</summary>
    public string? Reason => Volatile.Read(ref reason);

    /// <summary>Exchanges frames before <see cref="Run"/>, on the caller's thread.</summary>
    public void Send(FrameHeader header, ReadOnlySpan<byte> payload) => writer.Write(header, payload);

    /// <summary>The next frame before <see cref="Run"/>.</summary>
    /// <param name="longest">Bytes of its payload, at most.</param>
    /// <exception cref="FrameException">It does not come, or does not fit.</exception>
    public (FrameHeader Header, byte[] Payload) Receive(int longest)
    {
        if (reader.Next() is not { } header)
            throw new FrameException("The connection was closed before its first frame.");
        if (header.PayloadLength > longest)
            throw new FrameException($"A first frame of {header.PayloadLength} bytes is longer than {longest}.");
        var payload = new byte[header.PayloadLength];
        return reader.Payload(header, payload) ? (header, payload) : throw Damaged();
    }

    /// <summary>Frames of others are refused from now on.</summary>
    public void Agree(long term, long generation) => reader.Of = writer.Of = (term, generation);

    /// <summary>The sender's term in frames before the agreement.</summary>
    public void Say(long term) => writer.Of = (term, 0);

    /// <summary>Exchanges frames until the connection has ended, on the caller's thread and one of its own.</summary>
    public void Run(IFrameHandler handler)
    {
        var writing = new Thread(WriteAll) { IsBackground = true, Name = $"{name}-send" };
        writing.Start();
        Guard(() => ReadAll(handler));
        while (!writing.Join(Patience))
        {
        }

        stream.Dispose();
        while (outgoing.TryTake(out var unsent))
            unsent.Done?.Invoke();
        foreach (var (asked, waiting) in pending)
        {
            pending.TryRemove(asked, out _);
            waiting.Fail();
        }
    }

    /// <summary>Sends a frame when those before it are sent.</summary>
    /// <returns>False if the connection has ended.</returns>
    public bool Post(in Outgoing frame)
    {
        try
        {
            if (outgoing.TryAdd(frame))
                return true;
            Close($"The other side reads too slowly: {LongestQueue} frames wait to be sent.");
        }
        catch (InvalidOperationException)
        {
            // No more are taken.
        }

        frame.Done?.Invoke();
        return false;
    }

    /// <summary>Sends a request.</summary>
    /// <param name="answer">What its answer is put into.</param>
    /// <returns>False if the connection has ended.</returns>
    public bool Begin(Outgoing request, PendingAnswer answer)
    {
        var asked = Interlocked.Increment(ref number);
        pending[asked] = answer;
        if (Post(request with { Header = request.Header with { Number = asked } }))
            return true;
        pending.TryRemove(asked, out _);
        return false;
    }

    /// <summary>Waits for an answer; null if the connection ended first.</summary>
    public FrameHeader? Wait(PendingAnswer answer)
    {
        var since = Stopwatch.GetTimestamp();
        while (!answer.Wait(Patience))
        {
            if (Stopwatch.GetElapsedTime(Math.Max(since, Volatile.Read(ref progress))) > options.AnswerTimeout)
                Close($"The other side has answered nothing for {options.AnswerTimeout.TotalSeconds:0.#} s.");
        }

        return answer.Header;
    }

    /// <summary>Sends a request with a control frame as its answer, and waits for that; null if the connection ended first.</summary>
    public (FrameHeader Header, byte[] Payload)? Ask(FrameHeader request, byte[]? payload = null)
    {
        var answer = new PendingAnswer();
        return Begin(new Outgoing(request) { Payload = payload }, answer) && Wait(answer) is { } header ? (header, answer.Payload) : null;
    }

    /// <summary>Answers a request with a control frame.</summary>
    public void Answer(in FrameHeader request, ulong value, FrameHeader header = default, byte[]? payload = null) =>
        Post(new Outgoing(header with { Kind = FrameKind.Answer, Number = request.Number, Value = value }) { Payload = payload });

    /// <summary>Ends the connection; the first reason counts.</summary>
    public void Close(string why)
    {
        if (Interlocked.CompareExchange(ref reason, why, null) is not null)
            return;
        outgoing.CompleteAdding();
        try
        {
            // Wakes both threads.
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // It has ended already.
        }
    }

    /// <summary>Frees a connection that was never run.</summary>
    public void Dispose() => stream.Dispose();

    private unsafe void ReadAll(IFrameHandler handler)
    {
        while (reader.Next() is { } header)
        {
            if (header.Kind is not FrameKind.Ping)
                Volatile.Write(ref progress, Stopwatch.GetTimestamp());
            PendingAnswer? waiting = null;
            if (header.Kind is FrameKind.Answer && !pending.TryGetValue(header.Number, out waiting))
                throw new FrameException($"Request {header.Number} was answered, but it is not open.");
            var target = waiting is not null ? waiting.TargetOf(header) : handler.Target(header);
            if (target == 0 && control.Length < header.PayloadLength)
                control = new byte[header.PayloadLength];
            var into = target == 0 ? control.AsSpan(0, header.PayloadLength) : new Span<byte>((void*)target, header.PayloadLength);
            var isIntact = reader.Payload(header, into);
            if (!isIntact && target == 0)
                throw Damaged();
            if (waiting is not null)
            {
                pending.TryRemove(header.Number, out _);
                waiting.Complete(header, target == 0 ? into.ToArray() : [], isIntact);
            }
            else if (header.Kind is not FrameKind.Ping)
            {
                handler.Handle(header, target == 0 ? into : [], isIntact);
            }
        }

        Close("The other side closed the connection.");
    }

    private void WriteAll() => Guard(() =>
    {
        while (true)
        {
            if (!outgoing.TryTake(out var next, options.Heartbeat))
            {
                if (outgoing.IsCompleted)
                    return;
                next = new Outgoing(new FrameHeader(FrameKind.Ping));
            }

            try
            {
                writer.Write(next.Header, next.Bytes);
            }
            finally
            {
                next.Done?.Invoke();
            }
        }
    });

    // Whatever happens on a thread of the connection ends the connection, and nothing else.
    private void Guard(Action work)
    {
        try
        {
            work();
        }
        catch (FrameException exception)
        {
            Close(exception.Message);
        }
        catch (IOException exception) when (exception.InnerException is SocketException { SocketErrorCode: SocketError.TimedOut })
        {
            Close($"Nothing could be received or sent for {options.Silence.TotalSeconds:0.#} s.");
        }
        catch (Exception exception)
        {
            Close($"The connection failed: {exception.Message}");
        }
    }

    private static FrameException Damaged() => new("The payload of a frame has another checksum than when it was sent.");
}

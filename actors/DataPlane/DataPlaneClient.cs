using System.Net;
using System.Net.Sockets;
using ActorTrain.Actors.Reduction;
using ActorTrain.Actors.Security;
using ActorTrain.Actors.Snapshots;
using ActorTrain.Models.Steps;
using Microsoft.Extensions.Logging;

namespace ActorTrain.Actors.DataPlane;

/// <summary>A node's connection to the <see cref="DataPlaneServer"/> of the control process: what its trainers work with, in the place of
/// the transport and the snapshots of their own process.</summary>
/// <remarks>All calls wait for their answer, and end at once when the connection does: they are refused then, as of a round that is closed.
/// Trainers must not go on after that: memory that they share with the control process is no longer held for them.</remarks>
public sealed class DataPlaneClient : IDisposable
{
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(10);
    private readonly FrameLink link;
    private readonly GradientPool memory;
    private readonly MappedMemory mapped = new();
    private readonly RemoteTransport transport;
    private readonly RemoteSnapshots snapshots;
    private readonly RemoteExperiences experiences;
    private readonly CancellationTokenSource closed = new();
    private readonly ILogger logger;
    private readonly Thread thread;
    private bool isDisposed;

    private DataPlaneClient(FrameLink link, GradientPool memory, (long Term, DataPlaneMedium Medium) admitted, ILogger logger)
    {
        (this.link, this.memory, this.logger) = (link, memory, logger);
        (Term, Medium) = admitted;
        transport = new RemoteTransport(link, memory, mapped);
        snapshots = new RemoteSnapshots(link, memory.Length, mapped);
        experiences = new RemoteExperiences(link);
        Closed = closed.Token;
        thread = new Thread(Run) { IsBackground = true, Name = "data-plane" };
        thread.Start();
    }

    /// <summary>Connects, and waits to be admitted.</summary>
    /// <param name="security">Null for plain text.</param>
    /// <exception cref="DataPlaneException">Nobody answers, or the node is refused.</exception>
    /// <exception cref="OperationCanceledException">As requested.</exception>
    public static DataPlaneClient Connect(IPEndPoint server, DataPlaneHello hello, ILogger logger, DataPlaneOptions? options = null,
        PeerSecurity? security = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(hello);
        options ??= new DataPlaneOptions();
        cancellation.ThrowIfCancellationRequested();
        var memory = Memory(hello, options);
        var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            using (cancellation.Register(socket.Dispose))
            {
                Open(socket, server, options.HelloTimeout);
                var plain = FrameLink.StreamOf(socket, options);
                var link = new FrameLink(socket, security?.Connect(plain, server.Address).Stream ?? (Stream)plain, options, "data-plane");
                Handshake.SendHello(link, hello, memory.Shared?.Place);
                var admitted = Handshake.ReceiveWelcome(link, hello.Term);
                if (admitted.Medium is DataPlaneMedium.Tcp && memory.Shared is not null)
                {
                    memory.Dispose();
                    memory = new GradientPool(hello.Length, hello.Capacity);
                }

                cancellation.ThrowIfCancellationRequested();
                return new DataPlaneClient(link, memory, admitted, logger);
            }
        }
        catch (Exception exception)
        {
            memory.Dispose();
            socket.Dispose();
            cancellation.ThrowIfCancellationRequested();
            if (exception is FrameException or PeerException or IOException or SocketException or ObjectDisposedException)
                throw new DataPlaneException($"The data plane at {server} cannot be reached: {exception.Message}", exception);
            throw;
        }
    }

    /// <summary>Of the control process: at least that of the hello.</summary>
    public long Term { get; }

    public DataPlaneMedium Medium { get; }

    public IGradientPublisher Transport => transport;

    public ISnapshots Snapshots => snapshots;

    /// <summary>What the step with some prompts is trained on.</summary>
    /// <param name="positions">Of the prompts.</param>
    /// <param name="known">Hash of one that need not be copied; 0 for none.</param>
    /// <returns>Null if there is none, or the connection has ended.</returns>
    public PulledExperience? FindExperience(IReadOnlyList<long> positions, ulong known) => experiences.Find(positions, known);

    /// <summary>Cancelled when the connection has ended.</summary>
    public CancellationToken Closed { get; }

    /// <summary>Why the connection has ended, in one sentence; null while it lasts.</summary>
    public string? Reason => link.Reason;

    /// <summary>Ends the connection. Vectors that are in use stay valid until they are returned.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref isDisposed, true))
            return;
        link.Close("This side closed the connection.");
        if (thread != Thread.CurrentThread && !thread.Join(EndPatience))
        {
            // Somebody who was told of the end does not return; the connection itself has ended.
            logger.LogWarning("Who waits for the end of the data plane does not return");
        }

        memory.Dispose();
        transport.Dispose();
        snapshots.Dispose();
        mapped.Dispose();
    }

    private void Run()
    {
        link.Run(transport);
        logger.LogInformation("The data plane ended: {Reason}", link.Reason);
        try
        {
            closed.Cancel();
        }
        catch (AggregateException exception)
        {
            logger.LogError(exception, "Who waits for the end of the data plane failed");
        }
    }

    // Where the system has no memory to share, it has some of its own.
    private static GradientPool Memory(DataPlaneHello hello, DataPlaneOptions options)
    {
        if (options.ShareMemory)
        {
            try
            {
                return GradientPool.InSharedMemory(hello.Length, hello.Capacity);
            }
            catch (IOException)
            {
            }
        }

        return new GradientPool(hello.Length, hello.Capacity);
    }

    // An asynchronous call would make the socket non-blocking for good.
    private static void Open(Socket socket, IPEndPoint server, TimeSpan timeout)
    {
        Exception? failure = null;
        var connecting = new Thread(() =>
        {
            try
            {
                socket.Connect(server);
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                failure = exception;
            }
        })
        { IsBackground = true, Name = "data-plane-connect" };
        connecting.Start();
        if (!connecting.Join(timeout))
        {
            socket.Dispose();
            throw new IOException($"There was no answer for {timeout.TotalSeconds:0.#} s.");
        }

        if (failure is not null)
            throw new IOException(failure.Message, failure);
    }
}

using System.Net;
using ActorTrain.Actors.Reduction;
using ActorTrain.Actors.Snapshots;
using Microsoft.Extensions.Logging;

namespace ActorTrain.Actors.DataPlane;

/// <summary>A node's connection to the <see cref="DataPlaneServer"/> of the control process: what its trainers work with, in the place of
/// the transport and the snapshots of their own process.</summary>
/// <remarks>All calls wait for their answer, and end at once when the connection does: they are refused then, as of a round that is closed.
/// Trainers must not go on after that: memory that they share with the control process is no longer held for them.</remarks>
public sealed class DataPlaneClient : IDisposable
{
    /// <summary>Connects, and waits to be admitted.</summary>
    /// <exception cref="DataPlaneException">Nobody answers, or the node is refused.</exception>
    /// <exception cref="OperationCanceledException">As requested.</exception>
    public static DataPlaneClient Connect(IPEndPoint server, DataPlaneHello hello, ILogger logger, DataPlaneOptions? options = null,
        CancellationToken cancellation = default) => throw new NotImplementedException();

    /// <summary>Of the control process: at least that of the hello.</summary>
    public long Term => throw new NotImplementedException();

    public DataPlaneMedium Medium => throw new NotImplementedException();

    public IGradientPublisher Transport => throw new NotImplementedException();

    public ISnapshots Snapshots => throw new NotImplementedException();

    /// <summary>Cancelled when the connection has ended.</summary>
    public CancellationToken Closed => throw new NotImplementedException();

    /// <summary>Why the connection has ended, in one sentence; null while it lasts.</summary>
    public string? Reason => throw new NotImplementedException();

    /// <summary>Ends the connection. Vectors that are in use stay valid until they are returned.</summary>
    public void Dispose() => throw new NotImplementedException();
}

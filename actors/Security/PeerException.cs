namespace ActorTrain.Actors.Security;

/// <summary>The other side of a connection is not accepted, in one sentence.</summary>
public sealed class PeerException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Whom the authority of the cluster has certified it to be; null if it did not.</summary>
    public string? Peer { get; init; }
}

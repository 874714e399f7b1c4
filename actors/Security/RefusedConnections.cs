using System.Net;
using Microsoft.Extensions.Logging;

namespace ActorTrain.Actors.Security;

/// <summary>Logs connections that are refused, however many there are, in few lines. Thread-safe.</summary>
/// <remarks>All that have no certificate of the cluster, or do not keep to the protocol, are one kind; of the others, each reason is
/// one.</remarks>
public sealed class RefusedConnections(string plane, ILogger logger, TimeProvider time)
{
    private readonly LogThrottle throttle = new(time);

    /// <param name="peer">Who it is, as far as it has proved that or keeps to the protocol; null for anybody.</param>
    /// <param name="reason">A sentence.</param>
    public void Add(string? peer, EndPoint? from, string reason)
    {
        if (!throttle.Logs(peer is null ? LogThrottle.Other : $"{peer}: {reason}", out var more))
            return;
        if (more == 0)
        {
            logger.LogWarning("A connection to the {Plane} from {From} is closed: {Reason}", plane, from, reason);
            return;
        }

        logger.LogWarning("A connection to the {Plane} from {From} is closed, after {Count} others: {Reason}", plane, from, more,
            reason);
    }
}

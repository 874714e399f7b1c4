using System.Net;
using Microsoft.Extensions.Logging;

namespace ActorTrain.Actors.Security;

/// <summary>Logs connections that are refused, however many there are, in few lines. Thread-safe.</summary>
/// <remarks>All that have no certificate of the cluster, or do not keep to the protocol, are one kind; of the others, each reason is one.
/// The first of a kind is logged at once, and then one at most for each <see cref="Pause"/>, with the number of those
/// between.</remarks>
public sealed class RefusedConnections(string plane, ILogger logger, TimeProvider time)
{
    /// <summary>Between two lines of a kind.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMinutes(10);

    // Reasons of their own; all others are one kind.
    private const int MostKinds = 64;
    private const string Foreign = "";

    private readonly Lock gate = new();
    private readonly Dictionary<string, Kind> kinds = [];

    /// <summary>Refused so far, of all kinds.</summary>
    public long Count { get; private set; }

    /// <param name="peer">Who it is, as far as it has proved that or keeps to the protocol; null for anybody.</param>
    /// <param name="reason">A sentence.</param>
    public void Add(string? peer, EndPoint? from, string reason)
    {
        long more;
        lock (gate)
        {
            Count++;
            var name = peer is null ? Foreign : $"{peer}: {reason}";
            if (!kinds.ContainsKey(name) && kinds.Count >= MostKinds)
                name = Foreign;
            if (!kinds.TryGetValue(name, out var kind))
                kinds.Add(name, kind = new Kind());
            if (kind.LoggedAt is { } at && time.GetElapsedTime(at) < Pause)
            {
                kind.Suppressed++;
                return;
            }

            (more, kind.Suppressed, kind.LoggedAt) = (kind.Suppressed, 0, time.GetTimestamp());
        }

        if (more == 0)
        {
            logger.LogWarning("A connection to the {Plane} from {From} is closed: {Reason}", plane, from, reason);
            return;
        }

        logger.LogWarning("A connection to the {Plane} from {From} is closed, after {Count} others: {Reason}", plane, from, more,
            reason);
    }

    private sealed class Kind
    {
        public long? LoggedAt { get; set; }

        public long Suppressed { get; set; }
    }
}

namespace ActorTrain.Actors.Security;

/// <summary>Decides what is logged of events that others can cause as often as they like: the first of a kind, and then one at most for
/// each <see cref="Pause"/>. Thread-safe.</summary>
public sealed class LogThrottle(TimeProvider time)
{
    /// <summary>Between two lines of a kind.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMinutes(10);

    /// <summary>The kind of all events beyond the <see cref="MostKinds"/> that have one of their own.</summary>
    public const string Other = "";

    private const int MostKinds = 64;

    private readonly Lock gate = new();
    private readonly Dictionary<string, Kind> kinds = [];

    /// <param name="suppressed">How many of its kind were not logged since the last one that was.</param>
    /// <returns>Whether this one is logged.</returns>
    public bool Logs(string kind, out long suppressed)
    {
        lock (gate)
        {
            if (!kinds.ContainsKey(kind) && kinds.Count >= MostKinds)
                kind = Other;
            if (!kinds.TryGetValue(kind, out var known))
                kinds.Add(kind, known = new Kind());
            suppressed = known.Suppressed;
            if (known.LoggedAt is { } at && time.GetElapsedTime(at) < Pause)
            {
                known.Suppressed++;
                return false;
            }

            (known.Suppressed, known.LoggedAt) = (0, time.GetTimestamp());
            return true;
        }
    }

    private sealed class Kind
    {
        public long? LoggedAt { get; set; }

        public long Suppressed { get; set; }
    }
}

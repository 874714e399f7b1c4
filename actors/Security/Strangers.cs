namespace ActorTrain.Actors.Security;

/// <summary>Connections that have not said yet who they are: few at a time, so that they cost little, and the oldest goes when another
/// comes, so that those that say nothing keep nobody out. Not thread-safe.</summary>
internal sealed class Strangers<T>(int most, TimeSpan longest)
    where T : class
{
    // The oldest first.
    private readonly List<(T Connection, DateTimeOffset Since)> waiting = [];

    public IReadOnlyList<T> All => [.. waiting.Select(static one => one.Connection)];

    /// <returns>The one that has to go; null if there is room.</returns>
    public T? Add(T connection, DateTimeOffset now)
    {
        waiting.Add((connection, now));
        if (waiting.Count <= most)
            return null;
        var oldest = waiting[0].Connection;
        waiting.RemoveAt(0);
        return oldest;
    }

    /// <returns>False if it had to go.</returns>
    public bool Remove(T connection) => waiting.RemoveAll(one => one.Connection == connection) > 0;

    /// <summary>Those that have been here for too long; they are removed.</summary>
    public IReadOnlyList<T> Overdue(DateTimeOffset now)
    {
        var count = waiting.TakeWhile(one => now - one.Since > longest).Count();
        T[] overdue = [.. waiting.Take(count).Select(static one => one.Connection)];
        waiting.RemoveRange(0, count);
        return overdue;
    }
}

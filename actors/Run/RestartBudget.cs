namespace ActorTrain.Actors.Run;

/// <summary>Counts the failures of each actor within a window of time.</summary>
internal sealed class RestartBudget(RestartLimits limits)
{
    private readonly Dictionary<string, Queue<DateTimeOffset>> failures = [];

    /// <summary>Notes a failure.</summary>
    /// <param name="actor">Whose.</param>
    /// <param name="reason">Why, in one sentence.</param>
    /// <param name="now">When.</param>
    /// <returns>Null while the actor may be restarted; else the report: what failed, how often, and where to look.</returns>
    public string? Spend(string actor, string reason, DateTimeOffset now)
    {
        if (!failures.TryGetValue(actor, out var times))
            failures.Add(actor, times = new Queue<DateTimeOffset>());
        times.Enqueue(now);
        while (now - times.Peek() > limits.Window)
            times.Dequeue();
        return times.Count <= limits.MaxRestarts
            ? null
            : $"{actor} failed {times.Count} times within {limits.Window.TotalMinutes:0.##} minutes and is not started again; the last time: {reason} More is in {limits.Log}.";
    }
}

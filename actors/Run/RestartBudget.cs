namespace ActorTrain.Actors.Run;

/// <summary>Counts the failures of each actor within a window of time.</summary>
internal sealed class RestartBudget(RestartLimits limits)
{
    private readonly Dictionary<string, Queue<(DateTimeOffset At, bool ForMemory)>> failures = [];

    /// <summary>Notes a failure.</summary>
    /// <param name="actor">Whose.</param>
    /// <param name="reason">Why, in one sentence.</param>
    /// <param name="now">When.</param>
    /// <param name="forMemory">Whether it ran out of memory.</param>
    /// <returns>Null while the actor may be restarted; else the report: what failed, how often, and where to look.</returns>
    public string? Spend(string actor, string reason, DateTimeOffset now, bool forMemory)
    {
        if (!failures.TryGetValue(actor, out var times))
            failures.Add(actor, times = new());
        times.Enqueue((now, forMemory));
        while (now - times.Peek().At > limits.Window)
            times.Dequeue();
        var shortages = times.Count(static time => time.ForMemory);
        var often = shortages > RestartLimits.MaxMemoryRestarts ? $"ran out of memory {shortages} times"
            : times.Count > limits.MaxRestarts ? $"failed {times.Count} times within {limits.Window.TotalMinutes:0.##} minutes"
            : null;
        return often is null ? null : $"{actor} {often} and is not started again; the last time: {reason} {(forMemory ? limits.MemoryAdvice + " " : "")}More is in {limits.Log}.";
    }
}

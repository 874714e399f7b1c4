namespace ActorTrain.Actors.Supervision;

/// <summary>Recent failures of one actor, and whether they permit another restart.</summary>
/// <param name="maxRestarts">Failures tolerated within the span.</param>
internal sealed class FailureWindow(TimeSpan span, int maxRestarts)
{
    // Other processes may have used the memory for a moment, but not repeatedly.
    private const int MaxMemoryRestarts = 2;

    private readonly Queue<(DateTimeOffset At, bool ForMemory)> failures = [];

    /// <param name="forMemory">Whether the actor ran out of memory.</param>
    /// <param name="verb">What happened to it, such as "failed".</param>
    /// <returns>Null while it may be restarted; else the predicate of a sentence that states how often it failed.</returns>
    public string? Add(DateTimeOffset now, bool forMemory, string verb)
    {
        failures.Enqueue((now, forMemory));
        while (now - failures.Peek().At > span)
            failures.Dequeue();
        var shortages = failures.Count(static failure => failure.ForMemory);
        return shortages > MaxMemoryRestarts ? $"ran out of memory {shortages} times"
            : failures.Count > maxRestarts ? $"{verb} {failures.Count} times within {span.TotalMinutes:0.##} minutes"
            : null;
    }

    public void Clear() => failures.Clear();
}

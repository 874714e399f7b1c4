namespace ActorTrain.Actors.Supervision;

internal sealed class RestartBudget(RestartLimits limits)
{
    private readonly Dictionary<string, FailureWindow> failures = [];

    /// <returns>Null while the actor may be restarted; else the report: what failed, how often, and where to look.</returns>
    public string? Spend(string actor, string reason, DateTimeOffset now, bool forMemory)
    {
        if (!failures.TryGetValue(actor, out var window))
            failures.Add(actor, window = new FailureWindow(limits.Window, limits.MaxRestarts));
        return window.Add(now, forMemory, "failed") is { } often
            ? $"{actor} {often} and is not restarted again; most recently: "
                + $"{reason} {(forMemory ? limits.MemoryAdvice + " " : "")}See {limits.Log}."
            : null;
    }
}

namespace ActorTrain.Actors.Supervision;

/// <summary>How often an actor below a supervisor may fail.</summary>
/// <param name="MaxRestarts">Restarts within <paramref name="Window"/> that are borne; with one more the actor is given up.</param>
/// <param name="Window">The time in which restarts are counted.</param>
/// <param name="Log">Where to look for more when one is given up.</param>
/// <param name="MemoryAdvice">Appended when memory runs out: how much the run needs, and which settings need less.</param>
public sealed record RestartLimits(int MaxRestarts, TimeSpan Window, string Log, string MemoryAdvice = "");

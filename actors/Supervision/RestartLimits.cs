namespace ActorTrain.Actors.Supervision;

/// <summary>How often an actor below a supervisor may fail.</summary>
/// <param name="MaxRestarts">Restarts tolerated within <paramref name="Window"/>; with one more the actor is not restarted.</param>
/// <param name="Log">Where to look for details.</param>
/// <param name="MemoryAdvice">Appended when memory runs out: how much the run needs, and which settings need less.</param>
public sealed record RestartLimits(int MaxRestarts, TimeSpan Window, string Log, string MemoryAdvice = "");

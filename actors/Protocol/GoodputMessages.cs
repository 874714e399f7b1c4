using ActorTrain.Persistence.Goodput;

namespace ActorTrain.Actors.Protocol;

/// <summary>From a moment on the run does something else.</summary>
/// <param name="Activity">What it does; whether a step is new or redone is known to the clock.</param>
/// <param name="Cause">Why, or null.</param>
/// <param name="Step">Updates so far.</param>
/// <param name="Waited">Of the time since the update before, so much was spent by the slowest trainer on waiting for samples.</param>
public sealed record GoodputTurn(DateTimeOffset At, GoodputActivity Activity, string? Cause, long Step, TimeSpan Waited = default);

/// <summary>The person who watches is to be told something.</summary>
public sealed record Notice(string Sentence, bool IsWarning);

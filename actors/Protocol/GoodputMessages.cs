using ActorTrain.Persistence.Goodput;

namespace ActorTrain.Actors.Protocol;

/// <summary>The run begins another activity.</summary>
/// <param name="Activity">Whether a step is new or redone is determined by the clock.</param>
/// <param name="Step">Updates so far.</param>
/// <param name="Waited">Longest wait of a trainer for samples since the previous update.</param>
public sealed record GoodputTurn(DateTimeOffset At, GoodputActivity Activity, string? Cause, long Step, TimeSpan Waited = default);

public sealed record Notice(string Sentence, bool IsWarning);

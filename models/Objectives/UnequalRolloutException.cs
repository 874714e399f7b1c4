namespace ActorTrain.Models.Objectives;

/// <summary>A rollout is not what its own weights make of it: whoever sampled or valued it computed wrongly, or whoever trains on it
/// does.</summary>
public sealed class UnequalRolloutException(string sentence) : Exception(sentence);

namespace ActorTrain.Models.Rollouts;

/// <summary>A completion that the policy sampled.</summary>
/// <param name="Ids">The tokens after the prompt, the end token included; at least one.</param>
/// <param name="LogProbabilities">Of each, in nats, under the policy that sampled it at the temperature of sampling: those of a training
/// forward to the bit.</param>
/// <param name="HasEnded">Whether the end token is the last.</param>
public sealed record Rollout(EquatableArray<int> Ids, EquatableArray<float> LogProbabilities, bool HasEnded);

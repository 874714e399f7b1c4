namespace ActorTrain.Data.Rewards;

/// <summary>A completion to be scored.</summary>
/// <param name="Prompt">Text of the prompt.</param>
/// <param name="Completion">Text of the completion, without the token that ends it.</param>
/// <param name="HasEnded">Whether that token was sampled, rather than the limit of length reached.</param>
/// <param name="Tokens">Length of the completion in tokens.</param>
/// <param name="Reference">The JSON object of the prompt's other fields (<see cref="Shards.SequencePart.ReferenceOf"/>); null for
/// none.</param>
public sealed record RewardInput(string Prompt, string Completion, bool HasEnded, int Tokens, string? Reference);

/// <summary>What a completion is worth.</summary>
/// <param name="Total">The weighted sum; null if it cannot be computed, because a part with a weight has no value, or
/// if it is beyond <see cref="Models.Rollouts.RolloutScore.Largest"/>.</param>
/// <param name="Parts">The value of each part without its weight, in the order of <see cref="RewardFunction.Parts"/>; null if it takes
/// more steps than the limit, or is not finite.</param>
public sealed record RewardScore(double? Total, IReadOnlyList<double?> Parts);

using ActorTrain.Data.Tokenizers;
using ActorTrain.Models.Rollouts;

namespace ActorTrain.Host.Rollouts;

/// <summary>The rollouts of a step, for people and programs.</summary>
/// <param name="Step">That is trained on them: updates before it.</param>
/// <param name="SampledBy">Updates that the weights had seen which sampled them.</param>
/// <param name="Weights">Hash of the state that they are part of, 16 hexadecimal digits.</param>
/// <param name="Parts">Names of the parts of the reward.</param>
/// <param name="Summary">Of the whole step.</param>
/// <param name="Prompts">Those that are shown.</param>
internal sealed record RolloutsDocument(
    string Run, long Step, long SampledBy, string Weights, IReadOnlyList<string> Parts, RolloutSummary Summary,
    IReadOnlyList<PromptDocument> Prompts);

/// <param name="Position">In the stream of prompts.</param>
/// <param name="Prompt">Its text, special tokens by name.</param>
internal sealed record PromptDocument(long Position, string Prompt, IReadOnlyList<AnswerDocument> Answers);

/// <param name="Answer">Its text, special tokens by name.</param>
/// <param name="Tokens">Its length.</param>
/// <param name="Ended">Whether its end token was sampled.</param>
/// <param name="Reward">Null if it could not be scored.</param>
/// <param name="Parts">Of the reward, without their weights.</param>
/// <param name="Advantage">Mean over the tokens that are trained on; null if none is.</param>
/// <param name="LogProbability">Sum over its tokens, in nats.</param>
/// <param name="Divergence">k1 estimate of the KL divergence from the base model, in nats; null if not computed.</param>
internal sealed record AnswerDocument(
    int Sample, string Answer, int Tokens, bool Ended, double? Reward, IReadOnlyList<double?> Parts, double? Advantage,
    double LogProbability, double? Divergence)
{
    public static AnswerDocument Of(int sample, ScoredRollout scored, TokenAdvantages advantages, ITokenizer tokenizer)
    {
        var rollout = scored.Rollout;
        var live = advantages.Values.Where((_, token) => advantages.Mask[token]).ToList();
        return new AnswerDocument(
            sample, tokenizer.Display([.. rollout.Ids]), rollout.Ids.Count, rollout.HasEnded, scored.Score.Total, scored.Score.Parts,
            live.Count == 0 ? null : live.Average(), rollout.LogProbabilities.Sum(static value => (double)value),
            scored.Reference.Count > 0 ? scored.Divergence() : null);
    }
}

using ActorTrain.Actors.Judging;
using ActorTrain.Data.Rewards;
using ActorTrain.Models;
using ActorTrain.Models.Rollouts;
using ActorTrain.Persistence.Checkpoints;

namespace ActorTrain.Actors.PostTraining;

/// <summary>What rollouts are scored by: a function of their text, a reward model, a judge, or several of them.</summary>
/// <param name="Describe">The text of a rollout, given the position and the tokens of its prompt.</param>
public sealed record RewardSources(RewardFunction? Function, Func<long, EquatableArray<int>, Rollout, RewardInput> Describe)
{
    /// <summary>Null for none.</summary>
    public ScorerCopy? Model { get; init; }

    public double ModelWeight { get; init; } = 1;

    /// <summary>Null for none. Not owned.</summary>
    public RecordedJudge? Judge { get; init; }

    public double JudgeWeight { get; init; } = 1;

    /// <summary>Of the run; part of what identifies a question to the judge.</summary>
    public ulong Seed { get; init; }

    /// <summary>Rollouts that the reward model reads in a pass.</summary>
    public int MicroBatch { get; init; } = 8;

    /// <summary>The question about the rollouts of a prompt.</summary>
    public JudgeQuestion QuestionOf(long position, EquatableArray<int> prompt, EquatableArray<Rollout> rollouts)
    {
        List<RewardInput> inputs = [.. rollouts.Select(rollout => Describe(position, prompt, rollout))];
        return new JudgeQuestion(
            JudgeQuestion.KeyOf(Seed, position, prompt, rollouts, inputs[0].Reference), position, inputs[0].Prompt,
            [.. inputs.Select(static input => new JudgedCompletion(input.Completion, input.HasEnded))], inputs[0].Reference);
    }

    /// <summary>The sum of what a rollout got.</summary>
    /// <param name="ofFunction">Null without a function.</param>
    /// <param name="ofModel">Of the reward model, if there is one.</param>
    /// <param name="ofJudge">Of the judge, if there is one; null where it cannot score the rollout.</param>
    /// <returns>Without a total where a part with a weight has no finite value, or where it is beyond
    /// <see cref="RolloutScore.Largest"/>.</returns>
    public RolloutScore Sum(RewardScore? ofFunction, double? ofModel, double? ofJudge)
    {
        var total = ofFunction is null ? 0 : ofFunction.Total;
        List<double?> parts = [.. ofFunction?.Parts ?? []];
        if (Model is not null)
            Add(ofModel, ModelWeight);
        if (Judge is not null)
            Add(ofJudge, JudgeWeight);
        return new RolloutScore(RolloutScore.Sound(total), [.. parts]);

        void Add(double? value, double weight)
        {
            value = RolloutScore.Sound(value);
            parts.Add(value);
            if (value is not null || weight != 0)
                total += weight * value;
        }
    }
}

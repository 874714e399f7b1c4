using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Data.Shards;
using ActorTrain.Host.Training;
using ActorTrain.Models;
using ActorTrain.Models.Rollouts;

namespace ActorTrain.Host.Rollouts;

/// <param name="Reward">Mean of the answers that have one; NaN if none has.</param>
/// <param name="Length">Mean tokens of an answer.</param>
/// <param name="Ended">Share of answers that have their end token.</param>
internal sealed record AnswerFigures(double Reward, double Length, double Ended);

/// <summary>Measures a policy by the rewards of its answers: a function of weights, prompts, options and the run's seed.</summary>
/// <param name="setup">Of the run, with the data that has the prompts.</param>
/// <param name="policy">Has its weights.</param>
/// <param name="sources">What scores its answers.</param>
/// <param name="note">Receives who is waited for.</param>
internal sealed class PolicyEvaluation(
    RolloutSetup setup, GeneratorOptions options, IWeightSource policy, RewardSources sources, Action<string> note)
{
    /// <param name="prompts">The first so many of the part.</param>
    /// <param name="samples">Answers of each prompt.</param>
    /// <param name="temperature">0: greedy.</param>
    /// <exception cref="UserErrorException">The judge gives no scores.</exception>
    public AnswerFigures Measure(SequencePart part, long prompts, int samples, double temperature, CancellationToken cancellation)
    {
        var rollouts = options.Rollouts with { Samples = samples, Temperature = temperature };
        var weights = new PublishedWeights(0, 0, 0);
        List<Prompt> asked = [.. Enumerable.Range(0, (int)prompts).Select(group => RolloutSetup.PromptOf(part, group, position: group))];
        using var sampler = new StepSampler(options with { Rollouts = rollouts }, policy);
        var answers = sampler.Sample(weights, asked.Select(prompt => (prompt, Enumerable.Range(0, samples))), cancellation);
        using var scorer = new RewardDevice(sources with
        {
            Describe = (position, prompt, rollout) => setup.InputOf(prompt, rollout, part.ReferenceOf(position)),
        });

        // In order of prompts and samples, so that sums have the same bits.
        List<JudgeRollouts> orders =
        [
            .. asked.Select(prompt => new JudgeRollouts(0, weights, prompt.Position, prompt.Ids,
                [.. Enumerable.Range(0, samples).Select(sample => answers[(prompt.Position, sample)])], 0)),
        ];
        List<(Rollout Rollout, double? Reward)> scored =
        [
            .. StepSampler.Answers<RewardsScored>(scorer, orders, note, cancellation).SelectMany((answer, index) =>
                orders[index].Rollouts.Zip(answer.Scores.Select(static score => score.Total))),
        ];

        return new AnswerFigures(
            scored.Select(static one => one.Reward).OfType<double>().DefaultIfEmpty(double.NaN).Average(),
            scored.Average(static one => one.Rollout.Ids.Count), scored.Average(static one => one.Rollout.HasEnded ? 1.0 : 0.0));
    }
}

using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Data.Shards;
using ActorTrain.Host.Training;
using ActorTrain.Models;
using ActorTrain.Models.Rollouts;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Rollouts;

/// <param name="Reward">Mean of the answers that have one; NaN if none has.</param>
/// <param name="Length">Mean tokens of an answer.</param>
/// <param name="Ended">Share of answers that have their end token.</param>
internal sealed record AnswerFigures(double Reward, double Length, double Ended);

/// <summary>Measures a policy by the rewards of its answers: a function of weights, prompts, options and the run's seed.</summary>
/// <param name="setup">Of the run, with the data that has the prompts.</param>
/// <param name="model">Of the policy, on the fused kernels; not owned.</param>
/// <param name="run">Has the reward model, if there is one.</param>
internal sealed class PolicyEvaluation(RolloutSetup setup, GeneratorOptions options, Transformer model, RunDirectory run)
{
    /// <param name="prompts">The first so many of the part.</param>
    /// <param name="samples">Answers of each prompt.</param>
    /// <param name="temperature">0: greedy.</param>
    public AnswerFigures Measure(SequencePart part, long prompts, int samples, double temperature, CancellationToken cancellation)
    {
        var rollouts = options.Rollouts with { Samples = samples, Temperature = temperature };
        List<Prompt> asked = [.. Enumerable.Range(0, (int)prompts).Select(group => RolloutSetup.PromptOf(part, group, position: group))];
        var answers = new StepSampler(options with { Rollouts = rollouts }, model)
            .Sample(asked.Select(prompt => (prompt, Enumerable.Range(0, samples))), cancellation);

        using var judge = new RewardDevice(setup.Sources(run) with
        {
            Describe = (position, prompt, answer) => setup.InputOf(prompt, answer, part.ReferenceOf(position)),
        });

        // In order of prompts and samples, so that sums have the same bits.
        List<(Rollout Rollout, double? Reward)> scored =
        [
            .. asked.SelectMany(prompt => Enumerable.Range(0, samples).Select(sample => answers[(prompt.Position, sample)]).Select(answer =>
                (answer, ScoreOf(prompt, answer)))),
        ];
        return new AnswerFigures(
            scored.Select(static one => one.Reward).OfType<double>().DefaultIfEmpty(double.NaN).Average(),
            scored.Average(static one => one.Rollout.Ids.Count), scored.Average(static one => one.Rollout.HasEnded ? 1.0 : 0.0));

        double? ScoreOf(Prompt prompt, Rollout answer)
        {
            judge.Begin(new JudgeRollouts(0, new PublishedWeights(0, 0, 0), prompt.Position, prompt.Ids, [answer]));
            return ((RewardsScored)judge.Advance().Single()).Scores[0].Total;
        }
    }
}

using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Models.Objectives;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Rollouts;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Host.Rollouts;

/// <summary>Samples rollouts as the workers of a run do, in this process.</summary>
/// <param name="options">Of sampling.</param>
/// <param name="model">With the weights that sample; not owned.</param>
internal sealed class StepSampler(GeneratorOptions options, Transformer model)
{
    /// <summary>Samples some rollouts.</summary>
    /// <param name="wanted">Prompts by position, and the numbers of their samples.</param>
    public Dictionary<(long Position, int Sample), Rollout> Sample(
        IEnumerable<(Prompt Prompt, IEnumerable<int> Samples)> wanted, CancellationToken cancellation)
    {
        using var generator = new RolloutGenerator(model, options.Rollouts, options.Seed, options.EndToken, options.Pieces);
        foreach (var (prompt, samples) in wanted)
            generator.Add(prompt.Position, prompt.Ids, samples);
        Dictionary<(long, int), Rollout> done = [];
        while (!generator.IsEmpty)
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (var rollout in generator.Advance())
                done.Add((rollout.Position, rollout.Sample), rollout.Rollout);
        }

        return done;
    }

    /// <summary>Samples and scores all rollouts of a step.</summary>
    /// <param name="run">Has its prompts, its reward and its reference.</param>
    /// <param name="weights">Hash of the state that samples.</param>
    public StepRollouts Sample(RolloutsRun run, long step, ulong weights, SkipList skips, CancellationToken cancellation)
    {
        var prompts = run.Options.Prompts(step, skips);
        int[] samples = [.. Enumerable.Range(0, options.Rollouts.Samples)];
        var sampled = Sample(prompts.Select(prompt => (prompt, samples.AsEnumerable())), cancellation);
        var rollouts = prompts.Select(prompt => (EquatableArray<Rollout>)[.. samples.Select(sample => sampled[(prompt.Position, sample)])])
            .ToList();
        var scores = Judged<RewardsScored>(run, ActorRole.Reward, prompts, rollouts).Select(static report => report.Scores).ToList();
        var references = run.Options.References == 0 ? null
            : Judged<ReferencesScored>(run, ActorRole.Reference, prompts, rollouts).Select(static report => report.LogProbabilities)
                .ToList();
        return new StepRollouts(step, weights, [.. prompts.Select((prompt, index) => new RolloutGroup(
            prompt.Position, prompt.Ids, [.. samples.Select(sample => new ScoredRollout(
                rollouts[index][sample], scores[index][sample], references is null ? [] : references[index][sample])
            { Values = ValuesOf(prompt, rollouts[index][sample]) })]))]);
    }

    /// <summary>What a scorer or a reference of a run reports on the rollouts of some prompts, in order.</summary>
    public static IReadOnlyList<TReport> Judged<TReport>(
        RolloutsRun run, ActorRole role, IEnumerable<Prompt> prompts, IEnumerable<EquatableArray<Rollout>> rollouts)
        where TReport : WorkerReport
    {
        using var judge = run.MakeJudge(role, NoWeights.Instance);
        return
        [
            .. prompts.Zip(rollouts, (prompt, answers) =>
            {
                judge.Begin(new JudgeRollouts(0, new PublishedWeights(0, 0, 0), prompt.Position, prompt.Ids, answers));
                return (TReport)judge.Advance().Single();
            }),
        ];
    }

    // Of the critic beside the policy, if there is one.
    private EquatableArray<float> ValuesOf(Prompt prompt, Rollout rollout) => model.Critic is { } critic
        ? [.. ScalarScores.OfCompletions(critic, CompletionRows.Of([(prompt.Ids, rollout.Ids)]))] : [];

    /// <summary>Scorers and references have weights of their own.</summary>
    private sealed class NoWeights : IWeightSource
    {
        public static readonly NoWeights Instance = new();

        public string? Load(PublishedWeights published, FlatParameters parameters, long offset) => "There are no published weights.";
    }
}

using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Rollouts;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Host.Rollouts;

/// <summary>Samples rollouts in this process, on the devices of a run's workers.</summary>
/// <param name="source">Has the weights that sample.</param>
internal sealed class StepSampler(GeneratorOptions options, IWeightSource source) : IDisposable
{
    private readonly GeneratorDevice device = new(options, source);

    /// <summary>Samples some rollouts.</summary>
    /// <param name="wanted">Prompts by position, and the numbers of their samples.</param>
    public Dictionary<(long Position, int Sample), Rollout> Sample(
        PublishedWeights weights, IEnumerable<(Prompt Prompt, IEnumerable<int> Samples)> wanted, CancellationToken cancellation)
    {
        foreach (var (prompt, samples) in wanted)
        {
            if (device.Begin(new GenerateRollouts(0, weights, prompt.Position, prompt.Ids, [.. samples], Attempt: 0)) is { } refusal)
                throw new InvariantException(refusal);
        }

        Dictionary<(long, int), Rollout> done = [];
        while (device.HasWork)
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (var report in device.Advance().Cast<RolloutDone>())
                done.Add((report.Position, report.Sample), report.Rollout);
        }

        return done;
    }

    /// <summary>Samples and scores all rollouts of a step.</summary>
    /// <param name="run">Has its prompts, and makes what judges them.</param>
    public StepRollouts Sample(RolloutsRun run, long step, PublishedWeights weights, SkipList skips, CancellationToken cancellation)
    {
        var prompts = run.Options.Prompts(step, skips);
        int[] samples = [.. Enumerable.Range(0, options.Rollouts.Samples)];
        var sampled = Sample(weights, prompts.Select(prompt => (prompt, samples.AsEnumerable())), cancellation);
        List<JudgeRollouts> orders =
        [
            .. prompts.Select(prompt => new JudgeRollouts(
                0, weights, prompt.Position, prompt.Ids, [.. samples.Select(sample => sampled[(prompt.Position, sample)])], 0)),
        ];
        var scores = Judged<RewardsScored>(run, ActorRole.Reward, source, orders);
        var references = run.Options.References == 0 ? null : Judged<ReferencesScored>(run, ActorRole.Reference, source, orders);
        var values = run.Options.Critics == 0 ? null : Judged<ValuesEstimated>(run, ActorRole.Critic, source, orders);
        return new StepRollouts(step, weights.Hash, [.. orders.Select((order, index) => new RolloutGroup(
            order.Position, order.Prompt, [.. samples.Select(sample => new ScoredRollout(
                order.Rollouts[sample], scores[index].Scores[sample], references?[index].LogProbabilities[sample] ?? [])
            {
                Values = values?[index].Values[sample] ?? [],
            })]))]);
    }

    /// <summary>Has rollouts that are kept judged again.</summary>
    public static JudgeRollouts OrderOf(RolloutGroup kept, PublishedWeights weights) => new(
        0, weights, kept.Position, kept.Prompt, [.. kept.Samples.Select(static sample => sample.Rollout)], Attempt: 0);

    /// <summary>What a scorer, a reference or a critic of a run reports, in order.</summary>
    /// <param name="source">Has the weights of the orders, for a critic.</param>
    /// <exception cref="UserErrorException">Scores of an external judge are not kept.</exception>
    public static IReadOnlyList<TReport> Judged<TReport>(
        RolloutsRun run, ActorRole role, IWeightSource source, IEnumerable<JudgeRollouts> orders)
        where TReport : JudgementReport
    {
        using var judge = run.MakeJudge(role, source);
        return Answers<TReport>(judge, [.. orders], static _ => { }, CancellationToken.None);
    }

    /// <summary>Has orders for different prompts carried out.</summary>
    /// <param name="note">Receives why it takes longer, in one sentence.</param>
    /// <returns>A report of each, in the same order.</returns>
    /// <exception cref="UserErrorException">There are no scores.</exception>
    public static IReadOnlyList<TReport> Answers<TReport>(
        IWorkerDevice device, IReadOnlyList<JudgeRollouts> orders, Action<string> note, CancellationToken cancellation)
        where TReport : JudgementReport
    {
        if (orders.Select(device.Begin).FirstOrDefault(static refusal => refusal is not null) is { } refused)
            throw new InvariantException(refused);
        Dictionary<long, TReport> answers = [];
        while (device.HasWork)
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (var report in device.Advance())
            {
                switch (report)
                {
                    case TReport answer:
                        answers.Add(answer.Position, answer);
                        break;
                    case ScoringFailed failed:
                        throw new UserErrorException(failed.Reason);
                    case ScoringDelayed { Reason: { } reason }:
                        note(reason);
                        break;
                }
            }
        }

        return [.. orders.Select(order => answers[order.Position])];
    }

    public void Dispose() => device.Dispose();
}

/// <summary>For what computes without published weights.</summary>
internal sealed class NoWeights : IWeightSource
{
    public string? Load(PublishedWeights published, Models.Storage.FlatParameters parameters, long offset = 0) =>
        $"There are no weights of step {published.Step} here.";
}

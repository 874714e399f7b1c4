using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Tests.Simulation;
using ActorTrain.Actors.Training;
using ActorTrain.Data.Plan;
using ActorTrain.Models;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Rollouts;

namespace ActorTrain.Actors.Tests.PostTraining;

/// <summary>Rollouts, rewards and references of simulated weights: pure functions of their names, as the real ones are.</summary>
internal sealed class SimulatedPolicy(BatchPlan plan)
{
    public const int Samples = 3;

    private readonly Dictionary<(long Step, ulong Weights, SkipList Skips), Experience> known = [];

    /// <summary>What decisions about rollouts depend on.</summary>
    public RolloutsOptions Options { get; init; } = new()
    {
        Prompts = (step, skips) => PromptsOf(plan, step, skips),
        Rollouts = new RolloutOptions { Samples = Samples, Workers = 2, Slots = 4, MaxTokens = 4 },
        Advantages = new AdvantageOptions { Estimator = AdvantageEstimator.DrGrpo, KlCoefficient = 0.125 },
        References = 1,
        Supervision = new TrainerSupervisorOptions
        {
            MinBackoff = TimeSpan.FromMilliseconds(100),
            MaxBackoff = TimeSpan.FromMilliseconds(800),
            MaxLosses = 1_000_000,
            Window = TimeSpan.FromDays(30),
        },
        Timeout = TimeSpan.FromSeconds(10),
        RetryInterval = TimeSpan.FromSeconds(1),
    };

    /// <summary>The experience of a step that nothing disturbs.</summary>
    public Experience Experience(long step, ulong weights, SkipList skips)
    {
        if (!known.TryGetValue((step, weights, skips), out var experience))
        {
            experience = new Experience(
                [.. PromptsOf(plan, step, skips).Select(prompt => Group(weights, prompt))], Options.Advantages, Options.Rollouts.MaxTokens,
                isOnPolicy: true);
            known.Add((step, weights, skips), experience);
        }

        return experience;
    }

    public static IReadOnlyList<Prompt> PromptsOf(BatchPlan plan, long step, SkipList skips) =>
    [
        .. plan.Samples(step, skips).OrderBy(static planned => planned.Position)
            .Select(static planned => new Prompt(planned.Position, [(int)planned.Sample, (int)planned.Sample + 1])),
    ];

    public static Rollout Rollout(ulong weights, long position, int sample)
    {
        var noise = Mix(weights ^ Mix((ulong)position) ^ Mix(~(ulong)sample));
        var tokens = 1 + (int)(noise % 4);

        // The first says which weights sampled it.
        return new Rollout(
            [.. Enumerable.Range(1, tokens).Select(t => (int)(Mix(noise + (ulong)t) % 1000))],
            [LogProbability(weights), .. Enumerable.Range(1, tokens - 1).Select(t => -(float)(Mix(noise + (ulong)t) % 4096) / 1024)],
            HasEnded: noise % 8 < 4);
    }

    /// <summary>What the first token of each rollout of these weights has.</summary>
    public static float LogProbability(ulong weights) => -(float)(1 + (Mix(weights) & 0xFFFFFF)) / 65536;

    public static RolloutScore Score(Rollout rollout) =>
        new(rollout.Ids.Count % 5 == 4 ? null : rollout.Ids.Sum() % 7, [rollout.Ids.Count, rollout.HasEnded ? 1 : null]);

    /// <param name="error">What is wrong with it; 0: nothing.</param>
    public static RolloutScore ScoreBut(Rollout rollout, double error) =>
        error == 0 ? Score(rollout) : Score(rollout) with { Total = (Score(rollout).Total ?? 0) + error };

    public static EquatableArray<float> Reference(Rollout rollout) => [.. rollout.Ids.Select(static id => -(float)(id % 64) / 16)];

    private RolloutGroup Group(ulong weights, Prompt prompt) => new(
        prompt.Position, prompt.Ids,
        [
            .. Enumerable.Range(0, Samples).Select(sample => Rollout(weights, prompt.Position, sample))
                .Select(rollout => new ScoredRollout(rollout, Score(rollout), Options.References > 0 ? Reference(rollout) : [])),
        ]);

    private static ulong Mix(ulong word) => Models.Randomness.SplitMix64.Scatter(word);
}

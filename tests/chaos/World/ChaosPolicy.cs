using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Training;
using ActorTrain.Chaos.Tests.Schedules;
using ActorTrain.Data.Plan;
using ActorTrain.Data.Rewards;
using ActorTrain.Models;
using ActorTrain.Models.Batches;
using ActorTrain.Models.Objectives;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Plan;
using ActorTrain.Models.PostTraining.Policies;
using ActorTrain.Models.Rollouts;
using ActorTrain.Models.Steps;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Journal;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Chaos.Tests.World;

/// <summary>Training on rollouts of the policy itself: made-up prompts, a programmatic reward, the reference that it began with, and with
/// PPO a critic.</summary>
internal sealed class ChaosPolicy : ChaosTraining
{
    public const int Samples = 2;
    private const int Lanes = 4;
    private const int StepCount = 8;
    private const int Prompts = 50;
    private const int Letters = 26;
    private const int EndToken = Letters;
    private const int MaxTokens = 5;
    private const ulong Seed = 11;
    private const int Replayed = 2;

    private static readonly RewardFunction Reward = RewardFunction.Parse("ended + 0.5*share(\"abcde\") - 0.1*length");

    private readonly RolloutOptions rollouts;
    private readonly AdvantageOptions advantages;

    private ChaosPolicy(string name, Precision precision, AdvantageOptions advantages, PolicyOptions policy, int lag, int window)
        : base(name, ReplicaOf(precision, advantages, policy), new BatchPlan(Seed, Prompts, batchSize: Lanes, Lanes))
    {
        this.advantages = advantages;
        rollouts = new RolloutOptions { Samples = Samples, MaxTokens = MaxTokens, Lag = lag, Window = window, Slots = 4 };
    }

    /// <summary>PPO: a critic, and the KL divergence from the reference in the reward.</summary>
    public static ChaosPolicy Ppo { get; } = OfPpo("ppo", Precision.BFloat16, lag: 0, window: 2);

    /// <summary>GRPO with the KL divergence from the reference in the loss.</summary>
    public static ChaosPolicy Grpo { get; } = OfGrpo("grpo", Precision.Float32, lag: 0, window: 2);

    /// <summary>Synchronous ones, and those that train on rollouts of older weights.</summary>
    public static IReadOnlyList<ChaosPolicy> All { get; } =
    [
        Ppo,
        Grpo,
        OfGrpo("grpo, lag 1 of 3", Precision.BFloat16, lag: 1, window: 3),
        OfPpo("ppo, lag 1 of 4", Precision.Float32, lag: 1, window: 4),
        OfGrpo("grpo, lag 2 of 4", Precision.Float32, lag: 2, window: 4),
        OfPpo("ppo, lag 2 of 4", Precision.BFloat16, lag: 2, window: 4),
    ];

    public bool HasCritic => Replica.Model.Critic;

    public RolloutSchedule Schedule => rollouts.Schedule();

    public override long TokensPerStep => (long)Plan.BatchSize * Samples * MaxTokens;

    public override ChaosData Open(ChaosPlace place, RandomSchedule schedule)
    {
        var experiences = new ExperienceMemory(Schedule);
        var initial = BaseIn(place.BaseFolder);
        return new ChaosData(prompts => experiences.Batches(prompts, Samples))
        {
            Targets = experiences.Tokens,
            Base = initial,
            Rollouts = RunOf(place, initial, experiences, schedule),
        };
    }

    /// <summary>The rollouts on disk are those of the undisturbed run, and a replay from them comes to the same weights; of the rollouts,
    /// it samples some again.</summary>
    public override void Check(ChaosPlace place, RandomSchedule schedule, IReadOnlySet<long> damaged)
    {
        var ledger = place.Rollouts;
        for (var step = 0; step < Steps; step++)
        {
            if (ledger.Read(step) is { } found)
                found.ShouldBe(Undisturbed.Rollouts[step], $"the rollouts of step {step}");
            else
                damaged.ShouldContain(step, "the rollouts of a step are gone");
        }

        var random = new Random(schedule.Seed);
        var chosen = Enumerable.Range(0, Replayed).Select(_ => (Step: (long)random.Next(Steps), Group: random.Next(Lanes),
            Sample: random.Next(Samples))).Where(one => ledger.Read(one.Step) is not null).ToList();
        Alone(() =>
        {
            using var loop = NewLoop(place);
            while (loop.Step < Steps)
            {
                foreach (var (step, group, sample) in chosen.Where(one => Schedule.WeightsOf(one.Step) == loop.Step))
                {
                    var past = ledger.Read(step)!.Groups[group];
                    loop.Sample(new Prompt(past.Position, past.Prompt), sample)
                        .ShouldBe(past.Samples[sample].Rollout, $"rollout {sample} of prompt {past.Position} of step {step}, replayed");
                }

                loop.Take(ledger.Read(loop.Step) ?? Undisturbed.Rollouts[(int)loop.Step]);
            }

            return loop.State;
        }).ShouldBe(Undisturbed.State, "the state after a replay from the rollouts on disk");
    }

    public override string ToString() => Name;

    protected override Undisturbed BareLoop()
    {
        var folder = Directory.CreateTempSubdirectory("actortrain-chaos-policy-").FullName;
        try
        {
            return Alone(() => BareLoop(new ChaosPlace(folder)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private Undisturbed BareLoop(ChaosPlace place)
    {
        using var loop = NewLoop(place);
        var all = new SortedDictionary<long, StepRollouts>();
        var steps = new List<(double, double)>();
        while (loop.Step < Steps)
        {
            foreach (var later in Schedule.SampledBy(loop.Step).Where(later => later < Steps))
                all.Add(later, loop.SampleStep(later));
            steps.Add(loop.Take(all[loop.Step]));
        }

        return new Undisturbed(loop.State, steps, []) { Rollouts = [.. all.Values] };
    }

    private PolicyLoop NewLoop(ChaosPlace place)
    {
        var initial = BaseIn(place.BaseFolder);
        var run = RunOf(place, initial, new ExperienceMemory(Schedule), new RandomSchedule { Seed = 0, Training = this });
        return new PolicyLoop(Replica, run, initial, Samples);
    }

    private RolloutsRun RunOf(ChaosPlace place, BaseWeights initial, ExperienceMemory experiences, RandomSchedule schedule)
    {
        var (shape, precision) = (Replica.Model.ShapeOfPolicy(), Replica.Precision);
        return new RolloutsRun
        {
            Options = new RolloutsOptions
            {
                Prompts = PromptsOf,
                Pieces = shape.VocabularySize,
                Rollouts = rollouts with { Workers = schedule.Workers },
                Advantages = advantages,
                References = 1,
                Critics = HasCritic ? 1 : 0,
                AuditEvery = schedule.AuditEvery,
                Supervision = RunPart.Supervised,
                Timeout = schedule.TrainerTimeout,
                RetryInterval = RunPart.RetryInterval,
            },
            Experiences = experiences,
            Ledger = place.Rollouts,
            Generator = new GeneratorOptions(shape, precision, rollouts, Seed, EndToken, shape.VocabularySize),
            MakeJudge = (role, weights) => role switch
            {
                ActorRole.Reward => new RewardDevice(new RewardSources(Reward, Describe)),
                ActorRole.Critic => new CriticDevice(Replica.Model, precision, Samples, weights),
                _ => new ReferenceDevice(shape, precision, initial, rollouts.Temperature, Samples),
            },
        };
    }

    private IReadOnlyList<Prompt> PromptsOf(long step, SkipList skips) =>
    [
        .. Plan.Samples(step, skips).OrderBy(static planned => planned.Position).Select(static planned => new Prompt(
            planned.Position,
            [.. Enumerable.Range(0, 2 + (int)(planned.Sample % 3)).Select(i => (int)(((planned.Sample * 7) + (i * 3)) % Letters))])),
    ];

    private static RewardInput Describe(long position, EquatableArray<int> prompt, Rollout rollout) => new(
        Text(prompt), Text(rollout.HasEnded ? rollout.Ids.SkipLast(1) : rollout.Ids), rollout.HasEnded, rollout.Ids.Count, Reference: null);

    private static string Text(IEnumerable<int> ids) => string.Concat(ids.Select(static id => (char)('a' + id)));

    // Larger than those of a model that has learnt nothing, so that the policy likes some tokens better than others.
    private BaseWeights BaseIn(string folder)
    {
        var layout = ModelLayout.OfBase(Replica.Model);
        using var parameters = new FlatParameters(layout);
        Initialization.Initialize(parameters, Replica.Model.ShapeOfPolicy(), Seed);
        using (no_grad())
        {
            using Scalar factor = 4;
            parameters.Weights.mul_(factor);
        }

        using var weights = new HostBuffer(layout.Length * sizeof(float));
        parameters.Weights.CopyTo(weights);
        var initial = new BaseWeights(folder, WeightsDigest.Of(layout, weights));
        if (!initial.Exists)
            initial.Write(layout, weights);
        return initial;
    }

    private static ChaosPolicy OfPpo(string name, Precision precision, int lag, int window) => new(
        name, precision, new AdvantageOptions { Estimator = AdvantageEstimator.Gae, KlCoefficient = 0.05 }, new PolicyOptions(), lag,
        window);

    private static ChaosPolicy OfGrpo(string name, Precision precision, int lag, int window) => new(
        name, precision, new AdvantageOptions { Estimator = AdvantageEstimator.Grpo }, new PolicyOptions { KlCoefficient = 0.04 }, lag,
        window);

    private static ReplicaOptions ReplicaOf(Precision precision, AdvantageOptions advantages, PolicyOptions options)
    {
        var policy = new RolloutPolicy(options, temperature: 1);
        return new ReplicaOptions
        {
            Model = new ModelOptions
            {
                Layers = 1,
                Width = 64,
                Heads = 2,
                KeyValueHeads = 2,
                MlpWidth = 128,
                ContextLength = 12,
                VocabularySize = Letters + 1,
                Critic = advantages.NeedsCritic,
            },
            Precision = precision,
            Lanes = Lanes,
            Objective = advantages.NeedsCritic ? new ActorCritic(policy, new CriticOptions()) : policy,
            Schedule = new LearningRateSchedule(1e-2, 1, StepCount),
            Seed = Seed,
        };
    }
}

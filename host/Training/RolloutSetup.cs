using System.Collections.Frozen;
using ActorTrain.Actors.ControlPlane;
using ActorTrain.Actors.DataPlane;
using ActorTrain.Actors.Judging;
using ActorTrain.Actors.Nodes;
using ActorTrain.Actors.PostTraining;
using ActorTrain.Data.Chats;
using ActorTrain.Data.Plan;
using ActorTrain.Data.Rewards;
using ActorTrain.Data.Shards;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Host.Configuration;
using ActorTrain.Models;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Rollouts;
using ActorTrain.Models.Runtime;
using ActorTrain.Models.Steps;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Rollouts;
using ActorTrain.Persistence.Runs;
using ActorTrain.Persistence.Terms;

namespace ActorTrain.Host.Training;

/// <summary>What a run with rollouts works with, made from its configuration and its prompts.</summary>
internal sealed class RolloutSetup
{
    // Of a rollout in a message, at most: its id and its log-probability.
    private const int BytesPerToken = 32;

    private readonly RunConfiguration configuration;
    private readonly TokenStore data;
    private readonly BatchPlan plan;
    private readonly RewardFunction? reward;
    private readonly string? judgeToken;
    private readonly int endOfTurn;
    private readonly string lead;

    /// <param name="data">Prompts.</param>
    /// <exception cref="UserErrorException">Prompts and completions do not fit the model's context, a prompt lacks what the reward
    /// compares with, or a token for the judge is none.</exception>
    public RolloutSetup(RunConfiguration configuration, TokenStore data)
    {
        (this.configuration, this.data) = (configuration, data);
        var template = data.Template ?? throw new InvariantException("Prepared prompts have a chat template.");
        endOfTurn = new ChatEncoder(template, data.Tokenizer, data.Folder).EndOfTurn;
        lead = string.Concat(template.Assistant.Lead.Select(static piece => piece.Text));
        var options = configuration.Training;
        plan = new BatchPlan(
            (ulong)options.Seed, data.TrainSequences.Groups, options.Batch, options.Lanes, configuration.Rollouts.Schedule());
        Experiences = new ExperienceMemory(configuration.Rollouts.Schedule());
        var scoring = configuration.Scoring;
        reward = scoring.Build();
        if (reward is null && !scoring.HasModel && !scoring.HasJudge)
            throw new UserErrorException("None of scoring.function, scoring.model and scoring.judge is given, so nothing scores the "
                + "answers: set one of them, such as scoring.function=exact.");
        reward?.RequireAnswers(data);
        judgeToken = scoring.HasJudge ? TokenOf(Environment.GetEnvironmentVariable(ScoringOptions.JudgeToken)) : null;
        RequireLength(configuration.Rollouts, data, configuration.Model.ContextLength);
    }

    public ExperienceMemory Experiences { get; }

    /// <exception cref="UserErrorException">There are no fused kernels.</exception>
    public static void RequireKernels(NumericEnvironment environment)
    {
        if (!environment.IsFused)
            throw new UserErrorException("Rollouts are sampled on the fused CPU kernels, which are not in use here: "
                + $"{FusedKernels.Missing ?? "training.device is not cpu"}.");
    }

    /// <summary>Most tokens that a step can be trained on.</summary>
    public static long TokensPerStep(RunConfiguration configuration) =>
        (long)configuration.Training.Batch * configuration.Rollouts.Samples * configuration.Rollouts.MaxTokens;

    /// <summary>The samples of training: the rollouts of the planned prompts.</summary>
    /// <param name="from">Where they are found; null for <see cref="Experiences"/>.</param>
    public TrainingData Samples(TrainingOptions options, IExperiences? from = null)
    {
        var (rollouts, experiences) = (configuration.Rollouts, from ?? Experiences);
        return new TrainingData(
            data.TrainSequences.Groups,
            prompts => experiences.Batches(prompts, options.MicroBatch * rollouts.Samples),
            experiences.Tokens,
            Validation: null,
            TokensPerStep(configuration),
            LanesAtOnce: 1);
    }

    /// <summary>The judge of a run that asks questions; null without one.</summary>
    /// <param name="file">Where its answers are kept.</param>
    /// <param name="term">Under which they are written; null: none.</param>
    /// <returns>Owned by the caller.</returns>
    /// <exception cref="UserErrorException">The file cannot be read or written.</exception>
    public RecordedJudge? Judge(string file, TimeProvider time, RunTerm? term = null)
    {
        var scoring = configuration.Scoring;
        return !scoring.HasJudge ? null : new RecordedJudge(Judgements.Open(file, term), new HttpJudge(
            new JudgeOptions(new Uri(scoring.Judge), configuration.Run.Name)
            {
                Token = judgeToken,
                Timeout = scoring.JudgeTimeout,
                AtOnce = scoring.JudgeAtOnce,
            },
            time));
    }

    /// <summary>What the judge of a run has answered, without asking it; null without one.</summary>
    /// <returns>Owned by the caller.</returns>
    /// <exception cref="UserErrorException">The file cannot be read.</exception>
    public RecordedJudge? PastJudge(RunDirectory directory) =>
        configuration.Scoring.HasJudge ? new RecordedJudge(Judgements.Read(directory.JudgementsFile), judge: null) : null;

    /// <param name="judge">Not owned; null without one.</param>
    /// <param name="term">Under which rollouts are written; null: none.</param>
    /// <param name="onNodes">Whether workers live on nodes, as far as they can.</param>
    public RolloutsRun Run(ModelOptions model, RunDirectory directory, NumericEnvironment environment, RecordedJudge? judge,
        RunTerm? term = null, bool onNodes = false)
    {
        var (training, trainers) = (configuration.Training, configuration.Trainers);
        return new RolloutsRun
        {
            Options = new RolloutsOptions
            {
                Prompts = PromptsOf,
                Pieces = data.Tokenizer.VocabularySize,
                Rollouts = configuration.Rollouts,
                Advantages = configuration.Advantages,
                References = configuration.ComparesWithBase ? 1 : 0,
                Critics = model.Critic ? 1 : 0,
                ScoredAtOnce = judge is null ? 0 : configuration.Scoring.JudgeAtOnce,
                AuditEvery = configuration.Audit.Every,
                OnNodes = onNodes ? RolesOnNodes() : FrozenSet<ActorRole>.Empty,
                Supervision = trainers.Supervision with { Log = directory.LogFile },
                Timeout = trainers.Timeout,
                RetryInterval = trainers.RetryInterval,
            },
            Experiences = Experiences,
            Ledger = new RolloutLedger(directory.RolloutsDirectory) { Term = term ?? RunTerm.None },
            Generator = Generator(model.ShapeOfPolicy()),
            MakeJudge = Workers(model, directory, judge),

            // Trainers wait while rollouts are made.
            Threads = Math.Max(1, environment.Threads * trainers.Count / configuration.Rollouts.Workers),
        };
    }

    /// <summary>Makes what workers compute with, in whatever process.</summary>
    /// <param name="model">Policy and critic.</param>
    /// <param name="judge">Not owned; null where there is none.</param>
    public Func<ActorRole, IWeightSource, IWorkerDevice> Workers(ModelOptions model, RunDirectory directory, RecordedJudge? judge)
    {
        var (policy, training) = (model.ShapeOfPolicy(), configuration.Training);
        return (role, weights) => role switch
        {
            ActorRole.Rollout => new GeneratorDevice(Generator(policy), weights),
            ActorRole.Reward => new RewardDevice(Sources(directory, judge)),
            ActorRole.Critic => new CriticDevice(
                model, training.ChosenPrecision, training.MicroBatch * configuration.Rollouts.Samples, weights),
            _ => Reference(configuration, policy, directory),
        };
    }

    // A judge's answers are durable in this process before they count; and an order to judge has all rollouts of a prompt.
    private FrozenSet<ActorRole> RolesOnNodes()
    {
        var longest = (long)configuration.Rollouts.Samples * configuration.Rollouts.MaxTokens * BytesPerToken;
        ActorRole[] judges = longest > new ControlPlaneLimits().LongestFrame - (1 << 16) ? []
            : configuration.Scoring.HasJudge ? [ActorRole.Reference, ActorRole.Critic]
            : [ActorRole.Reward, ActorRole.Reference, ActorRole.Critic];
        return judges.Append(ActorRole.Rollout).ToFrozenSet();
    }

    /// <summary>What trainers of a node train on.</summary>
    /// <param name="client">Not owned.</param>
    public NodeExperiences ExperiencesOf(DataPlaneClient client) =>
        new(client, configuration.Advantages, configuration.Rollouts.MaxTokens);

    /// <summary>What scores a run's rollouts.</summary>
    public RewardSources Sources(RunDirectory directory, RecordedJudge? judge) => new(reward, Describe)
    {
        Model = ScorerOf(configuration, directory),
        ModelWeight = configuration.Scoring.ModelWeight,
        Judge = judge,
        JudgeWeight = configuration.Scoring.JudgeWeight,
        Seed = (ulong)configuration.Training.Seed,
        MicroBatch = configuration.Training.MicroBatch * configuration.Rollouts.Samples,
    };

    /// <summary>What computes log-probabilities under the base model of a run.</summary>
    /// <exception cref="UserErrorException">Its weights cannot be read.</exception>
    public static ReferenceDevice Reference(RunConfiguration configuration, ModelOptions policy, RunDirectory directory) => new(
        policy, configuration.Training.ChosenPrecision, directory.BaseOf(configuration.Base)!, configuration.Rollouts.Temperature,
        configuration.Training.MicroBatch * configuration.Rollouts.Samples);

    /// <summary>The run's copy of its reward model; null without one.</summary>
    public static ScorerCopy? ScorerOf(RunConfiguration configuration, RunDirectory directory) =>
        configuration.Scoring.HasModel ? new ScorerCopy(directory.ScorerDirectory, configuration.Scoring.Digest) : null;

    public GeneratorOptions Generator(ModelOptions model) => new(
        model, configuration.Training.ChosenPrecision, configuration.Rollouts, (ulong)configuration.Training.Seed, endOfTurn,
        data.Tokenizer.VocabularySize);

    /// <summary>The prompts of a step, in order of position.</summary>
    public IReadOnlyList<Prompt> PromptsOf(long step, SkipList skips) =>
        [.. plan.Samples(step, skips).OrderBy(static planned => planned.Position)
            .Select(planned => PromptOf(data.TrainSequences, planned.Sample, planned.Position))];

    /// <summary>The text of a rollout, as rewards see it.</summary>
    public RewardInput Describe(long position, EquatableArray<int> prompt, Rollout rollout) =>
        InputOf(prompt, rollout, data.TrainSequences.ReferenceOf(plan.At(position).Sample));

    /// <param name="reference">The other fields of the prompt's record.</param>
    public RewardInput InputOf(EquatableArray<int> prompt, Rollout rollout, string? reference)
    {
        var ids = rollout.HasEnded ? rollout.Ids.SkipLast(1) : rollout.Ids;
        var text = data.Tokenizer.Decode([.. ids]);
        return new RewardInput(
            data.Tokenizer.Decode([.. prompt]),
            lead.Length > 0 && text.StartsWith(lead, StringComparison.Ordinal) ? text[lead.Length..] : text,
            rollout.HasEnded, rollout.Ids.Count, reference);
    }

    /// <summary>A prompt of the data.</summary>
    /// <param name="position">That it gets in the stream of prompts.</param>
    public static Prompt PromptOf(SequencePart part, long group, long position)
    {
        var sequence = part.FirstOf(group);
        var (tokens, isTarget) = (new long[part.LengthOf(sequence)], new bool[part.LengthOf(sequence)]);
        part.Read(sequence, tokens, isTarget);
        return new Prompt(position, [.. tokens.Select(static id => (int)id)]);
    }

    private static string? TokenOf(string? given) => given is not { Length: > 0 } ? null
        : given.All(static letter => letter is > ' ' and <= '~') ? given : throw new UserErrorException(
            $"{ScoringOptions.JudgeToken} has a blank, a line break or a letter beyond ASCII, as no token has; set it to the token that "
            + "the judge expects, or unset it.");

    private static void RequireLength(RolloutOptions rollouts, TokenStore data, int context)
    {
        var longest = Math.Max(data.TrainSequences.Longest, data.ValidationSequences?.Longest ?? 0);
        if (longest + rollouts.MaxTokens <= context)
            return;
        var shorter = context - rollouts.MaxTokens;
        var fix = string.Join(
            ", or ", ((string[])
            [
                longest < context ? $"lower rollouts.max_tokens to at most {context - longest}" : "",
                shorter > 0 ? $"prepare the prompts with `actortrain prepare --max-tokens {shorter} --too-long skip`"
                    : longest < context ? "" : $"lower rollouts.max_tokens, and prepare shorter prompts",
            ]).Where(static way => way.Length > 0));
        throw new UserErrorException(
            $"{data.Folder} holds a prompt of {longest} tokens, which with completions of up to {rollouts.MaxTokens} tokens exceeds the "
            + $"model's context of {context}: {fix}.");
    }
}

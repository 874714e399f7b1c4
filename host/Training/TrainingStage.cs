using ActorTrain.Data.Chats;
using ActorTrain.Data.Shards;
using ActorTrain.Host.Configuration;
using ActorTrain.Models;
using ActorTrain.Models.Objectives;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Steps;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Training;

/// <summary>A kind of training, each with a command of its own.</summary>
/// <param name="Kinds">Of the data that it takes.</param>
/// <param name="NeedsBase">Whether it starts with trained weights.</param>
/// <param name="Output">Of the model that it trains.</param>
internal sealed record TrainingStage(
    string Command, IReadOnlyList<DataKind> Kinds, bool NeedsBase, ModelOutput Output = ModelOutput.Logits)
{
    public static readonly TrainingStage Pretraining = new("pretrain", [DataKind.Text], NeedsBase: false);

    public static readonly TrainingStage FineTuning = new("sft", [DataKind.Chat], NeedsBase: true);

    public static readonly TrainingStage Preferring = new("prefer", [DataKind.Pairs], NeedsBase: true);

    public static readonly TrainingStage RewardModeling =
        new("reward", [DataKind.Pairs, DataKind.Rankings], NeedsBase: true, ModelOutput.Score);

    public static readonly TrainingStage Reinforcing = new("rlhf", [DataKind.Prompts], NeedsBase: true);

    public static IReadOnlyList<TrainingStage> All { get; } = [Pretraining, FineTuning, Preferring, RewardModeling, Reinforcing];

    /// <summary>Settings that make a run one of this stage, whatever its run file says.</summary>
    public IReadOnlyList<string> Settings => Output is ModelOutput.Score ? [$"{OutputKey}=score"] : [];

    private const string OutputKey = "model.output";

    /// <summary>The stage that trains a model on data of a kind.</summary>
    /// <param name="kind">One that a stage takes.</param>
    public static TrainingStage Of(DataKind kind, ModelOutput output) =>
        All.FirstOrDefault(stage => stage.Kinds.Contains(kind) && stage.Output == output)
        ?? All.First(stage => stage.Kinds.Contains(kind));

    /// <exception cref="UserErrorException">A model of another output than this stage trains is asked for.</exception>
    public void RequireOutput(ModelOutput output)
    {
        if (output == Output)
            return;
        throw new UserErrorException($"{OutputKey} is {output.ToString().ToLowerInvariant()}, but `actortrain {Command}` trains a "
            + $"model with {(Output is ModelOutput.Score ? "a score" : "logits")}; omit {OutputKey}.");
    }

    /// <summary>The shape of what it trains: a critic may stand beside the policy.</summary>
    /// <exception cref="UserErrorException">The shape is invalid.</exception>
    public ModelOptions ModelOf(RunConfiguration configuration, int vocabularySize) =>
        configuration.ModelFor(vocabularySize) with { Critic = this == Reinforcing && configuration.Advantages.NeedsCritic };

    /// <summary>What training lowers.</summary>
    public IObjective ObjectiveOf(RunConfiguration configuration)
    {
        if (Output is ModelOutput.Score)
            return new Models.Objectives.RewardModeling(configuration.Reward);
        if (this == Reinforcing)
        {
            var policy = new RolloutPolicy(configuration.Policy, configuration.Rollouts.Temperature);
            return configuration.Advantages.NeedsCritic ? new ActorCritic(policy, configuration.Critic) : policy;
        }

        return this == Preferring ? new Preference(configuration.Preference) : new NextToken();
    }

    /// <summary>What its replicas compute with.</summary>
    public ReplicaOptions ReplicaOf(RunConfiguration configuration, ModelOptions model)
    {
        var options = configuration.Training;
        return new ReplicaOptions
        {
            Model = model,
            Precision = options.ChosenPrecision,
            Lanes = options.Lanes,
            Optimizer = options.Optimizer,
            Objective = ObjectiveOf(configuration),
            Schedule = new LearningRateSchedule(options.LearningRate, options.WarmupSteps, options.Steps, options.MinLearningRateRatio),
            Clip = options.Clip,
            EmbeddingShrink = options.EmbeddingGradientShrink,
            CriticRateFactor = configuration.Critic.LearningRateFactor,
            Seed = (ulong)options.Seed,
        };
    }

    /// <summary>Sequences of the largest sample.</summary>
    public static int SequencesOf(TokenStore data, RunConfiguration configuration) => data.Kind switch
    {
        DataKind.Pairs => 2,
        DataKind.Prompts => configuration.Rollouts.Samples,
        DataKind.Rankings => data.TrainSequences.LargestGroup,
        _ => 1,
    };

    /// <summary>The stage of a run, by its data; if that is gone or the run was imported, by whether it keeps a chat template.</summary>
    public static TrainingStage Of(RunDirectory run)
    {
        try
        {
            var configuration = RunFile.Read(run.ConfigurationFile, []);
            using var data = TokenStore.Open(configuration.Data.Path);
            if (All.Any(stage => stage.Kinds.Contains(data.Kind)))
                return Of(data.Kind, configuration.Model.Output);
        }
        catch (UserErrorException)
        {
            // The command is for a sentence about something else.
        }

        return File.Exists(Path.Combine(run.TokenizerDirectory, ChatTemplate.FileName)) ? FineTuning : Pretraining;
    }
}

using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Training;
using ActorTrain.Data.Plan;
using ActorTrain.Data.Shards;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Host.Configuration;
using ActorTrain.Models;
using ActorTrain.Models.Layers;
using ActorTrain.Models.Steps;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Training;

/// <summary>What the trainers of a run compute, by its configuration, data and folder: the same in every process that hosts
/// some.</summary>
internal sealed class ReplicaSetup
{
    private readonly RunConfiguration configuration;
    private readonly NumericEnvironment environment;
    private readonly TokenStore data;
    private readonly RunDirectory directory;

    /// <exception cref="UserErrorException">The data does not fit the model.</exception>
    public ReplicaSetup(RunConfiguration configuration, NumericEnvironment environment, TokenStore data, RunDirectory directory)
    {
        this.configuration = configuration;
        this.environment = environment;
        this.data = data;
        this.directory = directory;
        Stage = TrainingStage.Of(data.Kind, configuration.Model.Output);
        Model = Stage.ModelOf(configuration, data.Tokenizer.VocabularySize);
        Rollouts = Stage == TrainingStage.Reinforcing ? new RolloutSetup(configuration, data) : null;
        Samples = Rollouts?.Samples(configuration.Training)
            ?? TrainingData.Of(data, Model, configuration.Training, configuration.Preference.NeedsMismatched, () => Reference);
        Layout = ModelLayout.Of(Model);
        Replica = Stage.ReplicaOf(configuration, Model);
    }

    public TrainingStage Stage { get; }

    public ModelOptions Model { get; }

    public FlatLayout Layout { get; }

    public ReplicaOptions Replica { get; }

    public TrainingData Samples { get; }

    /// <summary>Null if the run is trained on data alone.</summary>
    public RolloutSetup? Rollouts { get; }

    /// <summary>Log-probabilities under the model that the run starts with; null if it needs none.</summary>
    public ReferenceScores? Reference { get; private set; }

    /// <summary>Whether <see cref="PrepareReference"/> must precede the first step.</summary>
    public bool NeedsReference => Stage == TrainingStage.Preferring && configuration.Preference.NeedsReference;

    /// <summary>Reads what the run keeps of its reference model, or computes it.</summary>
    /// <param name="pass">Computes it; null where it must be there already.</param>
    /// <returns>Whether it was computed.</returns>
    /// <exception cref="UserErrorException">It is not there.</exception>
    public bool PrepareReference(Func<ReferenceSource, ReferenceScores>? pass)
    {
        if (!NeedsReference)
            return false;

        // The reference model of preferences is the one that the run starts with.
        var source = new ReferenceSource(configuration.Base.Digest, data.Identity, Replica.Precision.ToString().ToLowerInvariant());
        var kept = ReferenceScores.Read(directory.ReferenceDirectory, source);
        Reference = kept ?? pass?.Invoke(source) ?? throw new UserErrorException(
            $"{directory.ReferenceDirectory} does not hold the log-probabilities of the run's reference model; give all nodes the same "
            + "folder of the run.");
        return kept is null;
    }

    /// <param name="experiences">Where trainers find rollouts; null for the memory of this process.</param>
    public ReplicaWork Work(IExperiences? experiences = null)
    {
        var options = configuration.Training;
        var samples = experiences is null ? Samples : Rollouts!.Samples(options, experiences);
        return new ReplicaWork
        {
            Replica = Replica,
            Device = environment.Device,
            Plan = new BatchPlan(
                (ulong)options.Seed, Samples.Samples, options.Batch, options.Lanes, configuration.Rollouts.Schedule()),
            Samples = samples.Batches,
            Targets = samples.Targets,
            Base = directory.BaseOf(configuration.Base),
            CriticBase = directory.CriticBaseOf(configuration.Critic.Digest),
            LanesAtOnce = Samples.LanesAtOnce,
            Recompute = options.Compute.Recompute,
            Validation = Samples.Validation is { } validation ? () => validation(configuration.Evaluation.Batches) : null,
            ByteCounts = data.Tokenizer.ByteCounts(),
        };
    }
}

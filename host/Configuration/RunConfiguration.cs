using System.Net;
using ActorTrain.Actors.Checkpoints;
using ActorTrain.Actors.Election;
using ActorTrain.Actors.Journal;
using ActorTrain.Actors.Nodes;
using ActorTrain.Actors.Reduction;
using ActorTrain.Actors.Run;
using ActorTrain.Actors.Spikes;
using ActorTrain.Actors.Training;
using ActorTrain.Data.Rewards;
using ActorTrain.Data.Shards;
using ActorTrain.Models;
using ActorTrain.Models.Evaluation;
using ActorTrain.Models.Options;
using ActorTrain.Models.Plan;
using ActorTrain.Models.PostTraining.Policies;
using ActorTrain.Models.PostTraining.Preferences;
using ActorTrain.Models.PostTraining.Rewards;
using ActorTrain.Models.Rollouts;
using ActorTrain.Models.Steps;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Runs;
using ParallelOptions = ActorTrain.Actors.Reduction.ParallelOptions;

namespace ActorTrain.Host.Configuration;

/// <param name="Old">Value in the first, as written in YAML.</param>
/// <param name="MayChangeBecause">Why a run may resume with another value; null if it may not.</param>
public sealed record ConfigurationDifference(string Key, string Old, string New, string? MayChangeBecause);

/// <summary>The configuration of a run: immutable, validated, with a value for every key. Each property is a section of the run file, in
/// this order.</summary>
public sealed record RunConfiguration : IOptions
{
    public RunOptions Run { get; init; } = new();

    /// <summary>Without the vocabulary, which is the tokenizer's and not a key: see <see cref="ModelFor"/>.</summary>
    public ModelOptions Model { get; init; } = new();

    public BaseOptions Base { get; init; } = new();

    public DataOptions Data { get; init; } = new() { Path = "" };
    public TrainingOptions Training { get; init; } = new();
    public PreferenceOptions Preference { get; init; } = new();
    public RewardOptions Reward { get; init; } = new();
    public RolloutOptions Rollouts { get; init; } = new();
    public ScoringOptions Scoring { get; init; } = new();
    public AdvantageOptions Advantages { get; init; } = new();
    public PolicyOptions Policy { get; init; } = new();
    public CriticOptions Critic { get; init; } = new();
    public TrainersOptions Trainers { get; init; } = new();
    public NodesOptions Nodes { get; init; } = new();
    public ClusterOptions Cluster { get; init; } = new();
    public ReducersOptions Reducers { get; init; } = new();
    public ParallelOptions Parallel { get; init; } = new();
    public SpikeOptions Spikes { get; init; } = new();
    public AuditOptions Audit { get; init; } = new();
    public EvaluationOptions Evaluation { get; init; } = new();
    public CheckpointOptions Checkpoints { get; init; } = new();
    public JournalOptions Journal { get; init; } = new();

    public int ReducerCount => Reducers.Count > 0 ? Reducers.Count : Trainers.Count;

    /// <summary>Whether rollouts are compared with the base model.</summary>
    public bool ComparesWithBase => Policy.KlCoefficient > 0 || Advantages.KlCoefficient > 0;

    /// <summary>The model's shape with the tokenizer's vocabulary, or the base model's, which may have ids without a piece.</summary>
    /// <exception cref="UserErrorException">The shape is invalid.</exception>
    public ModelOptions ModelFor(int vocabularySize)
    {
        var model = Model with { VocabularySize = Math.Max(vocabularySize, Base.Vocabulary) };
        return model.Problems().FirstOrDefault() is { } problem
            ? throw new UserErrorException(problem.In(static path => Settings.NameOf($"{nameof(Model)}.{path}")))
            : model;
    }

    /// <summary>Which checkpoints are kept: with a lag or epochs one more, since a run may end at a step from which it cannot be
    /// extended.</summary>
    public CheckpointStoreOptions CheckpointStore() => Rollouts.Schedule() == RolloutSchedule.OnPolicy
        ? Checkpoints.Store : Checkpoints.Store with { KeepLast = Checkpoints.Store.KeepLast + 1 };

    /// <summary>This with <paramref name="precision"/> in the place of training.precision auto.</summary>
    public RunConfiguration ChoosePrecision(Func<Precision> precision) =>
        Training.Precision is null ? this with { Training = Training with { Precision = precision() } } : this;

    /// <summary>SHA-256 of the keys that the result depends on, 64 lower-case hexadecimal digits.</summary>
    /// <remarks>Hashes the lines <c>key=value</c>, joined by line feeds, of every setting that may not change on resume, in the order of
    /// <see cref="Settings.All"/>, except those with their default value, so that a new key leaves existing hashes unchanged. Excluded are
    /// places of files, schedules of inspection, the distribution of work, and the device, which the numeric fingerprint of each checkpoint
    /// records instead.</remarks>
    public string Hash => CanonicalYaml.HashOf(this);

    public IEnumerable<OptionProblem> Validate()
    {
        const string Estimator = $"{nameof(Advantages)}.{nameof(AdvantageOptions.Estimator)}";
        if (!Advantages.NeedsCritic && Critic != new CriticOptions())
        {
            yield return new($"keys of the section critic are given, but {Estimator:key} is "
                + $"{Advantages.Estimator}, which has no critic; set {Estimator:key} to gae, or omit them.");
        }

        if (Rollouts.Samples == 1 && Advantages.ComparesSamples)
        {
            const string Samples = $"{nameof(Rollouts)}.{nameof(RolloutOptions.Samples)}";
            yield return new($"{Samples:key} is 1, but {Estimator:key} {Advantages.Estimator} compares the completions of a prompt "
                + $"with each other, so nothing would be learnt; set {Samples:key} to at least 2.");
        }

        if (Nodes.Certificates.Length == 0
            && Cluster.EndPoints.FirstOrDefault(static one => !IPAddress.IsLoopback(one.Address)) is { } open)
        {
            const string Control = $"{nameof(Cluster)}.{nameof(ClusterOptions.Control)}";
            const string Certificates = $"{nameof(Nodes)}.{nameof(NodesOptions.Certificates)}";
            yield return new($"{Control:key} contains {open}, which other machines may reach, but {Certificates:key} is empty; make "
                + $"certificates with 'actortrain cluster init' and 'actortrain cluster cert NAME --role control' and name their folder, "
                + $"or use addresses of 127.0.0.1.");
        }

        foreach (var problem in Parallel.Zero == 0 ? [] : OfDivision())
            yield return problem;

        const string Count = $"{nameof(Trainers)}.{nameof(TrainersOptions.Count)}";
        const string Lanes = $"{nameof(Training)}.{nameof(TrainingOptions.Lanes)}";
        if (Trainers.Count > Training.Lanes)
        {
            yield return new(
                $"{Count:key} {Trainers.Count} exceeds {Lanes:key} {Training.Lanes}, so some trainers would have nothing to compute; "
                + $"use at most {Training.Lanes}.");
        }
    }

    // What needs all of the optimizer's state at once.
    private IEnumerable<OptionProblem> OfDivision()
    {
        const string Zero = $"{nameof(Parallel)}.{nameof(ParallelOptions.Zero)}";
        const string UpdateClipping =
            $"{nameof(Training)}.{nameof(TrainingOptions.Optimizer)}.{nameof(Models.Optimization.OptimizerOptions.UpdateClipping)}";
        if (Training.Optimizer.UpdateClipping)
        {
            yield return new($"{UpdateClipping:key} measures whole tensors, but with {Zero:key} 1 each trainer has parts of some; set "
                + $"{Zero:key} to 0, or {UpdateClipping:key} to false.");
        }

        if (Spikes.Watches(SpikeSignal.UpdateNorm))
        {
            yield return new($"a rule of the section spikes watches update_norm, but with {Zero:key} 1 no trainer can preview an update; "
                + $"set {Zero:key} to 0, or omit that signal.");
        }
    }

    /// <summary>Where <paramref name="asked"/> differs from <paramref name="saved"/>, in the order of the settings table.</summary>
    public static IReadOnlyList<ConfigurationDifference> Differences(RunConfiguration saved, RunConfiguration asked) =>
        [.. from setting in Settings.Written
            let old = setting.ValueIn(saved)
            let now = setting.ValueIn(asked)
            where old != now
            select new ConfigurationDifference(setting.Key, old, now, setting.MayChangeBecause)];

    private static readonly string JudgeKey = Settings.NameOf($"{nameof(Scoring)}.{nameof(ScoringOptions.Judge)}");

    /// <summary>Rejects resuming a run under a configuration that would give other bits.</summary>
    /// <param name="saved">The configuration the run was started with.</param>
    /// <param name="asked">The configuration requested now.</param>
    /// <exception cref="UserErrorException">A key that must agree differs; the message names each with both values.</exception>
    public static void RequireSameResult(RunConfiguration saved, RunConfiguration asked)
    {
        ArgumentNullException.ThrowIfNull(saved);
        var refused = Differences(saved, asked).Where(difference => difference.MayChangeBecause is null
            || (difference.Key == JudgeKey && saved.Scoring.HasJudge != asked.Scoring.HasJudge)).ToList();
        if (refused.Count > 0)
        {
            var keys = string.Join(", ", refused.Select(static d => $"{d.Key} ({d.Old} in the run, {d.New} now)"));
            throw new UserErrorException(
                $"The run '{saved.Run.Name}' in {saved.Run.Directory} was started with a different configuration: {keys}; restore these "
                    + $"values to resume it, or choose another run.name.");
        }
    }
}

using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Spikes;
using ActorTrain.Host.Configuration;
using ActorTrain.Models;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Plan;
using ActorTrain.Models.PostTraining.Policies;
using ActorTrain.Models.Rollouts;
using ActorTrain.Models.Steps;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Logs;
using ActorTrain.Persistence.Metrics;
using ActorTrain.Persistence.Recovery;
using static TorchSharp.torch;

namespace ActorTrain.Host.Rollouts;

/// <summary>The policy of a run as it was at earlier steps: the weights of a checkpoint, or those that it began with, and the updates
/// since, computed again from its rollouts by one replica with all lanes. Each update is compared with the metrics, and each state with the
/// hash in the file of its rollouts.</summary>
internal sealed class RecomputedPolicy : IWeightSource, IDisposable
{
    private readonly PastRollouts past;
    private readonly (BaseWeights Policy, BaseWeights? Critic) initial;
    private readonly RolloutSchedule schedule;
    private readonly UpdateRules rules;
    private readonly Action<string> note;
    private readonly Replica replica;
    private readonly TensorNorms norms;
    private readonly ModelOptions model;
    private readonly List<(RunOrigin Origin, CheckpointInfo? Checkpoint)> origins;

    // By updates that they have seen.
    private readonly Dictionary<long, ulong> hashes = [];

    // Of files that cannot be read, by step.
    private readonly Dictionary<long, StepRollouts> sampled = [];
    private RunOrigin? from;

    /// <param name="replica">What the run's replicas compute with.</param>
    /// <param name="checkpoints">Those that the run has not abandoned.</param>
    /// <param name="initial">The weights that the run began with; of the critic, if it had any.</param>
    /// <param name="note">Receives progress and warnings.</param>
    public RecomputedPolicy(
        PastRollouts past, ReplicaOptions replica, UpdateRules rules, IEnumerable<CheckpointInfo> checkpoints,
        (BaseWeights Policy, BaseWeights? Critic) initial, Action<string> note)
    {
        (this.past, this.rules, this.initial, this.note, model) = (past, rules, initial, note, replica.Model);
        schedule = past.Configuration.Rollouts.Schedule();
        this.replica = new Replica(replica, initialize: false, recompute: past.Configuration.Training.Compute.Recompute);
        norms = new TensorNorms(this.replica.Parameters.Layout);
        origins =
        [
            (RunOrigin.Seed, null),
            .. checkpoints.Where(info => schedule.IsRestart(info.Step))
                .Select(static info => (RunOrigin.Of(info.Manifest!), (CheckpointInfo?)info)),
        ];
    }

    /// <summary>Updates that the weights have seen.</summary>
    public long Step { get; private set; } = -1;

    /// <summary>Of the KL divergence in the reward, once it was adapted.</summary>
    public double? KlCoefficient { get; private set; }

    /// <summary>The weights, with the hash of the state.</summary>
    public PublishedWeights Weights => new(Step, Slot: 0, HashOf(Step));

    /// <summary>Takes the weights of a step, from the nearest state before it.</summary>
    /// <param name="missing">Samples the rollouts of a step that cannot be read, with the present weights.</param>
    /// <returns>Null, or one sentence on the first difference from the run's records.</returns>
    /// <exception cref="UserErrorException">The steps before it lack what they were computed from.</exception>
    public string? Reach(long step, Func<long, StepRollouts> missing, CancellationToken cancellation)
    {
        Begin(step);
        var first = Step;
        if (first < step - 1)
            note($"recomputing steps {first} to {step - 1}" + (first == from!.Step ? $" from {Words(from)}" : ""));
        while (Step < step)
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (var later in schedule.SampledBy(Step).Where(later => later < past.Committed && past.Ledger.Read(later) is null))
                sampled[later] = missing(later);
            var batch = schedule.FirstStepOf(Step);
            if (Take(past.Ledger.Read(batch) ?? sampled.GetValueOrDefault(batch)
                ?? throw new InvariantException($"Step {Step} has no rollouts.")) is { } difference)
                return difference;
            if (schedule.Epochs == 1)
                sampled.Remove(batch);
            else if (schedule.IsRestart(Step))
                sampled.Clear();
            if ((Step - first) % 50 == 0 && Step < step)
                note($"recomputed step {Step - 1}");
        }

        return null;
    }

    public string? Load(PublishedWeights published, FlatParameters parameters, long offset = 0)
    {
        if (published.Step != Step)
            return $"The weights here are those of step {Step}, not of step {published.Step}.";
        using var _ = no_grad();
        using var part = replica.Parameters.Weights.narrow(0, offset, parameters.Weights.numel());
        parameters.Weights.copy_(part);
        parameters.WeightsChanged();
        return null;
    }

    /// <summary>How the state that the plan has sample rollouts differs from the one that did; null if it does not.</summary>
    /// <param name="rollouts">Of a step whose sampling weights were reached.</param>
    public string? DifferenceFrom(StepRollouts rollouts)
    {
        var by = schedule.WeightsOf(rollouts.Step);
        if (rollouts.Weights == HashOf(by))
            return null;
        var cause = rules.VetoWithin(from!.Step, Step) is { } veto
            ? $"; a batch of step {veto} was skipped, and rules of spikes.rules that change updates may remember it, which is not recorded"
            : "";
        return $"the state after {by} updates, recomputed from {Words(from)}, has the hash {HashOf(by):x16}, but the rollouts of step "
            + $"{rollouts.Step} were sampled by {rollouts.Weights:x16}{cause}";
    }

    public void Dispose() => replica.Dispose();

    private void Begin(long step)
    {
        while (true)
        {
            var nearest = origins.Where(origin => origin.Origin.Step <= step).MaxBy(static origin => origin.Origin.Step);
            if (nearest.Origin.Step <= Step)
                return;
            try
            {
                Load(nearest.Checkpoint);
                rules.Begin(nearest.Origin);
                KlCoefficient = nearest.Origin.Overrides.KlCoefficient;
                (Step, from) = (nearest.Origin.Step, nearest.Origin);
                hashes.Clear();
                sampled.Clear();
                return;
            }
            catch (UserErrorException error) when (nearest.Checkpoint is not null)
            {
                note($"warning: {error.Message}");
                origins.Remove(nearest);
            }
        }
    }

    private void Load(CheckpointInfo? checkpoint)
    {
        if (checkpoint is null)
        {
            using var weights = initial.Policy.Read(ModelLayout.OfBase(model));
            using var critic = initial.Critic?.Read(ModelLayout.Of(model.ShapeOfCritic()));
            replica.Initialize(weights, critic);
            return;
        }

        using var loaded = CheckpointArchive.Load(checkpoint, _ => replica.Parameters.Layout);
        replica.CopyFrom(loaded.Weights, loaded.FirstMoment!, loaded.SecondMoment!);
    }

    // Only that of the present state can be computed.
    private ulong HashOf(long step)
    {
        if (!hashes.TryGetValue(step, out var hash) && step == Step)
            hashes.Add(step, hash = replica.HashState());
        return hash;
    }

    // One step as the trainers take it. Its state may have sampled rollouts of later ones.
    private string? Take(StepRollouts rollouts)
    {
        HashOf(Step);
        if (DifferenceFrom(rollouts) is { } other)
            return other;
        var configuration = past.Configuration;
        var (training, options) = (configuration.Training, configuration.Rollouts);
        var experience = new Experience(
            rollouts.Groups, configuration.Advantages.Of(rollouts), options.MaxTokens,
            isOnPolicy: schedule.Epochs == 1 && schedule.WeightsOf(Step) == Step);
        using var block = replica.Begin(new LaneBlock(0, training.Lanes));
        List<double> laneLosses = [];
        var policy = default(PolicyFigures);
        foreach (var lane in rollouts.Groups.Select(static group => group.Position).Chunk(rollouts.Groups.Count / training.Lanes))
        {
            var batches = experience.Batches(lane, training.MicroBatch * options.Samples);
            var measured = block.Add(batches, experience.Counts.Tokens);
            laneLosses.Add(measured.Loss * training.Lanes);
            policy += measured.Policy ?? default;
        }

        replica.VerifyWeights();
        var sum = block.Take();
        var (norm, parts) = norms.Measure(sum.Gradient);
        var measure = new StepMeasure(Step, sum.Loss, norm);
        var adjustment = rules.AdjustmentOf(new StepSignals
        {
            Step = Step,
            Loss = sum.Loss,
            LaneLosses = [.. laneLosses],
            GradientNorm = norm,
            TensorNorms = parts.Tensors,
            EmbeddingNorm = parts.Embedding,
            BlockNorms = parts.Blocks,
            UpdateNorm = configuration.Spikes.Watches(SpikeSignal.UpdateNorm) ? replica.Preview(sum, measure, rules.RateAt(Step)) : null,
            Tokens = Training.RolloutSetup.TokensPerStep(configuration),
            Rollouts = experience.Summary,
            Policy = policy,
        });
        replica.Apply(sum, measure, adjustment);
        replica.ReturnGradient(sum.Gradient);
        var difference = DifferenceOf(past.MetricsOf(Step), measure, adjustment);
        KlCoefficient = configuration.Advantages.KlControl()?.After(experience.Summary, KlCoefficient) ?? KlCoefficient;
        Step++;
        return difference;
    }

    private static string? DifferenceOf(StepMetrics? known, StepMeasure measure, UpdateAdjustment adjustment)
    {
        if (known is null)
            return null;
        (string Name, double Was, double Is)[] figures =
        [
            ("loss", known.Loss, measure.Loss), ("gradient_norm", known.GradientNorm, measure.GradientNorm),
            ("learning_rate", known.LearningRate, adjustment.LearningRate!.Value * adjustment.RateFactor),
        ];
        var unequal = figures.Where(static figure => !Bits.AreEqual(figure.Was, figure.Is))
            .Select(static figure => $"{figure.Name} {figure.Is:R}, not {figure.Was:R}").ToList();
        return unequal.Count == 0 ? null
            : $"step {measure.Step}, recomputed, has {string.Join(", ", unequal)}, which metrics.jsonl has for step {known.Step}";
    }

    private static string Words(RunOrigin origin) =>
        origin.WeightsHash is null ? "the weights that the run began with" : $"the checkpoint at step {origin.Step}";
}

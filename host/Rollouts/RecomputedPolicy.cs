using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Spikes;
using ActorTrain.Host.Configuration;
using ActorTrain.Models;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Rollouts;
using ActorTrain.Models.Steps;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Logs;
using ActorTrain.Persistence.Metrics;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Host.Rollouts;

/// <summary>The policy of a run as it was at earlier steps: the weights of a checkpoint, or those that it began with, and the updates
/// since, computed again from its rollouts by one replica with all lanes. Each update is compared with the metrics, and each state with the
/// hash in the file of its rollouts.</summary>
/// <remarks>The replica samples as well: it has the weights of a sampler, on the same kernels.</remarks>
internal sealed class RecomputedPolicy : IDisposable
{
    private readonly PastRollouts past;
    private readonly BaseWeights initial;
    private readonly UpdateRules rules;
    private readonly Action<string> note;
    private readonly Replica replica;
    private readonly TensorNorms norms;
    private readonly ModelOptions model;
    private readonly List<(RunOrigin Origin, CheckpointInfo? Checkpoint)> origins;
    private RunOrigin? from;
    private ulong? hash;

    // Of the states before the present one that later rollouts were sampled by.
    private readonly Dictionary<long, ulong> hashes = [];

    /// <param name="replica">What the run's replicas compute with.</param>
    /// <param name="checkpoints">Those that the run has not abandoned.</param>
    /// <param name="initial">The weights that the run began with.</param>
    /// <param name="note">Receives progress and warnings.</param>
    public RecomputedPolicy(
        PastRollouts past, ReplicaOptions replica, UpdateRules rules, IEnumerable<CheckpointInfo> checkpoints, BaseWeights initial,
        Action<string> note)
    {
        (this.past, this.rules, this.initial, this.note, model) = (past, rules, initial, note, replica.Model);
        this.replica = new Replica(replica, initialize: false, recompute: past.Configuration.Training.Compute.Recompute);
        norms = new TensorNorms(this.replica.Parameters.Layout);
        origins =
        [
            (RunOrigin.Seed, null),
            .. checkpoints.Select(static info => (RunOrigin.Of(info.Manifest!), (CheckpointInfo?)info)),
        ];
    }

    /// <summary>Updates that the weights have seen.</summary>
    public long Step { get; private set; } = -1;

    public Transformer Model => replica.Model;

    /// <summary>Hash of the state.</summary>
    public ulong Hash => hash ??= replica.HashState();

    /// <summary>Takes the weights of a step, from the nearest state before it.</summary>
    /// <param name="missing">Samples the rollouts of a step that cannot be read, with the weights of that step.</param>
    /// <returns>Null, or one sentence on the first difference from the run's records.</returns>
    /// <exception cref="UserErrorException">The steps before it lack what they were computed from.</exception>
    public string? Reach(long step, Func<long, StepRollouts> missing, CancellationToken cancellation)
    {
        Begin(step);
        var first = Step;
        if (first < step - 1)
            note($"recomputing steps {first} to {step - 1} from {Words(from!)}");
        while (Step < step)
        {
            cancellation.ThrowIfCancellationRequested();
            if (Take(past.Ledger.Read(Step) ?? Sampled(missing)) is { } difference)
                return difference;
            if ((Step - first) % 50 == 0 && Step < step)
                note($"recomputed step {Step - 1}");
        }

        return null;
    }

    /// <summary>How the state differs from the one that sampled rollouts; null if it does not.</summary>
    public string? DifferenceFrom(StepRollouts rollouts)
    {
        var sampledBy = past.Configuration.Rollouts.Schedule().WeightsOf(rollouts.Step);
        if ((sampledBy == Step ? Hash : hashes.GetValueOrDefault(sampledBy, rollouts.Weights)) == rollouts.Weights)
            return null;
        var cause = rules.VetoWithin(from!.Step, Step) is { } veto
            ? $"; a batch of step {veto} was skipped, and rules of spikes.rules that change updates may remember it, which is not recorded"
            : "";
        return $"the state after {Step} updates, recomputed from {Words(from)}, has the hash {Hash:x16}, but the rollouts of step "
            + $"{rollouts.Step} were sampled by {rollouts.Weights:x16}{cause}";
    }

    public void Dispose() => replica.Dispose();

    // Lagging rollouts that are gone cannot be sampled by the weights at hand.
    private StepRollouts Sampled(Func<long, StepRollouts> missing) => past.Configuration.Rollouts.Schedule().WeightsOf(Step) == Step
        ? missing(Step)
        : throw new UserErrorException($"{past.Ledger.PathOf(Step)} is {past.Lack(Step)}, and earlier weights sampled its rollouts "
            + $"(rollouts.lag {past.Configuration.Rollouts.Lag}); write it again with `actortrain replay {past.Run.Name} --repair`.");

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
                (Step, from, hash) = (nearest.Origin.Step, nearest.Origin, null);
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
            using var weights = initial.Read(ModelLayout.OfBase(model));
            replica.Initialize(weights);
            return;
        }

        using var loaded = CheckpointArchive.Load(checkpoint, _ => replica.Parameters.Layout);
        replica.CopyFrom(loaded.Weights, loaded.FirstMoment!, loaded.SecondMoment!);
    }

    // One step as the trainers take it.
    private string? Take(StepRollouts rollouts)
    {
        if (DifferenceFrom(rollouts) is { } other)
            return other;
        var configuration = past.Configuration;
        var (training, options) = (configuration.Training, configuration.Rollouts);
        var experience = new Experience(
            rollouts.Groups, configuration.Advantages, options.MaxTokens, isOnPolicy: rollouts.Weights == Hash);
        using var block = replica.Begin(new LaneBlock(0, training.Lanes));
        List<double> laneLosses = [];
        foreach (var lane in rollouts.Groups.Select(static group => group.Position).Chunk(rollouts.Groups.Count / training.Lanes))
        {
            var batches = experience.Batches(lane, training.MicroBatch * options.Samples);
            laneLosses.Add(block.Add(batches, experience.Counts.Tokens).Loss * training.Lanes);
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
        });
        hashes[Step] = Hash;
        replica.Apply(sum, measure, adjustment);
        replica.ReturnGradient(sum.Gradient);
        var difference = DifferenceOf(past.MetricsOf(Step), measure, adjustment);
        (Step, hash) = (Step + 1, null);
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

using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Reduction;
using ActorTrain.Actors.Snapshots;
using ActorTrain.Models;
using ActorTrain.Models.Batches;
using ActorTrain.Models.Evaluation;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Objectives;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Plan;
using ActorTrain.Models.PostTraining.Policies;
using ActorTrain.Models.Steps;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Actors.Training;

/// <summary>What all trainers of a run share, and their connections.</summary>
public sealed record ReplicaDeviceOptions : ReplicaWork
{
    public ReplicaDeviceOptions()
    {
    }

    [SetsRequiredMembers]
    public ReplicaDeviceOptions(ReplicaWork work, IGradientPublisher transport, ISnapshots snapshots)
        : base(work) => (Transport, Snapshots) = (transport, snapshots);

    public required IGradientPublisher Transport { get; init; }

    public required ISnapshots Snapshots { get; init; }

    /// <summary>Null if there are none.</summary>
    public CheckpointArchive? Checkpoints { get; init; }

    /// <summary>Finds a state of a step and a hash in this process, which saves a copy from another; null if there are none.</summary>
    public Func<long, ulong, SnapshotReader?>? Retained { get; init; }
}

/// <summary>A trainer's model replica, on a CPU or an accelerator.</summary>
public sealed class ReplicaDevice : ITrainerDevice
{
    private readonly ReplicaDeviceOptions options;
    private readonly Replica replica;
    private readonly bool isOnCpu;
    private readonly TensorNorms norms;
    private readonly List<long> positions = [];
    private readonly List<double> laneLosses = [];
    private readonly List<PolicyFigures> lanePolicies = [];
    private readonly List<(int Lane, ulong Hash)> redundantLanes = [];
    private (long Step, SkipList Skips, long Targets)? counted;
    private (long Step, SkipList Skips, long Weights)? begun;
    private TimeSpan waited;
    private BlockGradient? block;
    private DividedReplica? divided;
    private IValidation? evaluation;
    private IEnumerator<TokenBatch>? validation;

    /// <summary>Makes a replica without a state; call it on the thread that will use it.</summary>
    public ReplicaDevice(ReplicaDeviceOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        this.options = options;
        isOnCpu = options.Device is null || options.Device.type == DeviceType.CPU;
        replica = new Replica(
            options.Replica, options.Device, memory: isOnCpu ? options.Transport.Memory : null, initialize: false,
            recompute: options.Recompute, ownsAll: false);
        norms = new TensorNorms(replica.Parameters.Layout);
    }

    public Replica Replica => replica;

    /// <summary>Partial sums of the current block that are not being added to.</summary>
    public IEnumerable<Tensor> Resting => block?.Resting ?? [];

    public string? Load(StateSource source, long atStep, OwnedShards? shards)
    {
        divided = shards is null ? null : new DividedReplica(replica, options.Transport, shards);
        if (shards is null)
            replica.Own(null);
        return Load(source, atStep);
    }

    private string? Load(StateSource source, long atStep) => source switch
    {
        FreshState when atStep == 0 => Initialize(),
        FreshState => $"The first weights have seen no update, not {atStep}.",
        SnapshotState snapshot => Load(snapshot, atStep),
        CheckpointState => LoadCheckpoint(atStep),
        _ => $"There is no way to take over a {source?.GetType().Name}.",
    };

    public void Begin(LaneBlock block)
    {
        GiveUp();
        this.block = replica.Begin(block);

        // Rollouts that were found wrong may have been replaced by longer ones.
        counted = null;
    }

    public void GiveUp()
    {
        block?.Dispose();
        (block, waited) = (null, TimeSpan.Zero);
        redundantLanes.Clear();
        positions.Clear();
        laneLosses.Clear();
        lanePolicies.Clear();
    }

    // The reference form computes lane by lane.
    public int LanesAtOnce => replica.Model.IsFused && options.Replica.Objective.TakesLanesAtOnce ? options.LanesAtOnce : 1;

    public void ComputeLanes(long batchStep, LaneBlock lanes, SkipList skips, bool isRedundant)
    {
        if (block?.NextLane != lanes.First || (isRedundant && lanes.Count > 1))
            throw new InvariantException($"Lanes {lanes} are not the next of the block under way, or cannot be hashed together.");
        var samples = Enumerable.Range(lanes.First, lanes.Count).Select(lane => options.Plan.Samples(batchStep, lane, skips)).ToList();
        var batches = samples.Select(lane => Timed(options.Samples(lane)));
        var targets = TargetsOf(batchStep, skips);
        BeginStep(batchStep, skips);
        IReadOnlyList<LaneMeasure> measures;
        try
        {
            measures = lanes.Count > 1
                ? block.Add([.. batches.Select(static lane => lane.Single())], targets)
                : [block.Add(batches.Single(), targets, isRedundant)];
        }
        catch (UnequalRolloutException)
        {
            // If its weights are damaged, the rollouts are not.
            replica.VerifyWeights();
            throw;
        }

        laneLosses.AddRange(measures.Select(static measure => measure.Loss));
        lanePolicies.AddRange(measures.Select(static measure => measure.Policy).OfType<PolicyFigures>());
        if (measures[0].Hash is { } hash)
            redundantLanes.Add((lanes.First, hash));
        positions.AddRange(samples.SelectMany(static lane => lane).Select(static sample => sample.Position));
    }

    public BlockResult? Publish(Round round)
    {
        // Gradients of corrupted weights are never published.
        replica.VerifyWeights();
        var lanes = block!.Block;
        var sum = block.Take();
        var result = Result(sum);
        GiveUp();
        var gradient = ToHost(sum.Gradient);
        var published = options.Transport.Publish(round, lanes, gradient, sum.Checksum!);

        // A block that exists already has the same bits, whoever published it.
        return published || options.Transport.Holds(round, lanes) ? result : null;
    }

    public BlockResult Measure(long atStep, double? previewRate)
    {
        replica.VerifyWeights();
        var sum = block!.Take();
        var (norm, parts) = norms.Measure(sum.Gradient);
        var update = previewRate is { } rate ? replica.Preview(sum, new StepMeasure(atStep, sum.Loss, norm), rate) : (double?)null;
        var result = Result(sum) with { Norm = norm, PartNorms = parts, UpdateNorm = update };
        replica.ReturnGradient(sum.Gradient);
        GiveUp();
        return result;
    }

    public double? Preview(Round round, double gradientNorm, double learningRate) =>
        WithTotal(round, total => (double?)replica.Preview(total, new StepMeasure(round.Step, double.NaN, gradientNorm), learningRate));

    public IReadOnlyList<ShardChecksum>? UpdateShards(Round round, double gradientNorm, UpdateAdjustment adjustment) =>
        HasUpdated(round, gradientNorm, adjustment) ? divided!.Publish(round) : null;

    public AppliedUpdate? Apply(Round round, double gradientNorm, UpdateAdjustment adjustment)
    {
        if (divided is null)
        {
            return WithTotal(round, total =>
            {
                var norm = replica.Apply(total, new StepMeasure(round.Step, double.NaN, gradientNorm), adjustment);
                return new AppliedUpdate(replica.StateChecksum, norm);
            });
        }

        using var weights = options.Transport.Weights(round);
        return weights is not null && HasUpdated(round, gradientNorm, adjustment) ? divided.TakeWeights(weights) : null;
    }

    public CopiedState? Copy(CopyState copy) => copy.Shards is { } part ? divided!.Copy(options.Snapshots, copy, part)
        : Copy(options.Snapshots, copy.Slot, copy.Step);

    public CopiedState? Copy(ISnapshots into, long atStep) => divided is null ? Copy(into, 0, atStep) : null;

    private CopiedState? Copy(ISnapshots into, int slot, long atStep)
    {
        using var snapshot = into.Write(slot, atStep);
        if (snapshot is null)
            return null;
        var hash = replica.CopyTo(snapshot.Weights, snapshot.FirstMoment, snapshot.SecondMoment);
        return snapshot.Complete(hash) ? new CopiedState(hash, replica.StateChecksum) : null;
    }

    public void BeginEvaluation()
    {
        if (options.Validation is null)
            throw new InvariantException("There is no validation split to evaluate on.");
        validation?.Dispose();
        validation = options.Validation().GetEnumerator();
        evaluation = options.Replica.Objective.Validate(replica.Model, options.ByteCounts);
        validation.MoveNext();
    }

    public ValidationLoss? EvaluateBatch()
    {
        evaluation!.Add(validation!.Current);
        if (validation.MoveNext())
            return null;
        replica.VerifyWeights();
        return evaluation.Result();
    }

    public void Dispose()
    {
        GiveUp();
        validation?.Dispose();
        replica.Dispose();
    }

    private BlockResult Result(GradientSum sum) =>
        new(sum.Loss, [.. laneLosses], [.. positions], sum.Checksum!.Hash)
        {
            RedundantLanes = [.. redundantLanes],
            StateChecksum = replica.StateChecksum,
            Waited = waited,
            LanePolicies = [.. lanePolicies],
        };

    // Whether its shards of a divided optimizer state have seen the round's update now; not if the total is gone.
    private bool HasUpdated(Round round, double gradientNorm, UpdateAdjustment adjustment) =>
        !divided!.Needs(round) || WithTotal(round, total =>
        {
            divided.Update(round, total, gradientNorm, adjustment);
            return (bool?)true;
        }) is not null;

    // Null if the total is gone.
    private T? WithTotal<T>(Round round, Func<GradientSum, T?> act)
    {
        using var total = options.Transport.Total(round);
        if (total is null)
            return default;
        if (isOnCpu)
            return act(new GradientSum(total.Vector, double.NaN, total.Checksum));

        var onDevice = replica.RentGradient();
        try
        {
            using (no_grad())
                onDevice.copy_(total.Vector);
            return act(new GradientSum(onDevice, double.NaN, total.Checksum));
        }
        finally
        {
            replica.ReturnGradient(onDevice);
        }
    }

    private IEnumerable<TokenBatch> Timed(IEnumerable<TokenBatch> batches)
    {
        using var each = batches.GetEnumerator();
        while (true)
        {
            var asked = Stopwatch.GetTimestamp();
            var isThere = each.MoveNext();
            waited += Stopwatch.GetElapsedTime(asked);
            if (!isThere)
                yield break;
            yield return each.Current;
        }
    }

    private Tensor ToHost(Tensor gradient)
    {
        if (isOnCpu)
            return gradient;
        var host = options.Transport.Memory.Rent();
        using (no_grad())
            host.copy_(gradient);
        replica.ReturnGradient(gradient);
        return host;
    }

    // Of the whole step, whoever computes its lanes: the loss is their mean.
    private long TargetsOf(long batchStep, SkipList skips)
    {
        if (options.Targets is null)
            return (long)options.Plan.BatchSize * options.Replica.Model.ContextLength;
        if (counted is not { } last || last.Step != batchStep || !ReferenceEquals(last.Skips, skips))
            counted = (batchStep, skips, options.Targets(options.Plan.Samples(batchStep, skips)));
        return counted.Value.Targets;
    }

    // Once for all blocks of a step, as long as the weights are the same.
    private void BeginStep(long batchStep, SkipList skips)
    {
        var weights = replica.Parameters.Version;
        if (begun is { } last && last.Step == batchStep && last.Weights == weights && ReferenceEquals(last.Skips, skips))
            return;
        replica.BeginStep(options.Samples(options.Plan.Samples(batchStep, skips)));
        begun = (batchStep, skips, weights);
    }

    private string? Initialize()
    {
        if (options.Base is null)
        {
            replica.Initialize();
            return null;
        }

        try
        {
            using var weights = options.Base.Read(ModelLayout.OfBase(options.Replica.Model));
            using var critic = options.CriticBase?.Read(ModelLayout.Of(options.Replica.Model.ShapeOfCritic()));
            replica.Initialize(weights, critic);
            return null;
        }
        catch (UserErrorException exception)
        {
            return exception.Message;
        }
    }

    private string? Load(SnapshotState wanted, long step)
    {
        using var snapshot = options.Retained?.Invoke(step, wanted.Hash) ?? options.Snapshots.Read(wanted.Slot);
        if (snapshot is null)
            return $"Slot {wanted.Slot} of the snapshots in memory is empty.";
        if (snapshot.Step != step || snapshot.Hash != wanted.Hash)
            return $"Slot {wanted.Slot} of the snapshots in memory holds the state {snapshot.Hash:x16} of step {snapshot.Step}, not "
                + $"{wanted.Hash:x16} of step {step}.";
        if (snapshot.Damage() is { } damage)
            return damage;
        replica.CopyFrom(snapshot.Weights, snapshot.FirstMoment, snapshot.SecondMoment);
        var isSame = divided is not null ? replica.Holds(snapshot.Weights, snapshot.FirstMoment, snapshot.SecondMoment)
            : replica.HashState() == wanted.Hash;
        return isSame ? null : throw new InvariantException(
            $"The state of step {step} changed while it was copied: its hash is no longer {wanted.Hash:x16}.");
    }

    private string? LoadCheckpoint(long step)
    {
        try
        {
            if (options.Checkpoints?.List().FirstOrDefault(info => info.Step == step) is not { } found)
                return $"There is no checkpoint of step {step}.";
            using var checkpoint = CheckpointArchive.Load(found, _ => replica.Parameters.Layout);
            replica.CopyFrom(checkpoint.Weights, checkpoint.FirstMoment!, checkpoint.SecondMoment!);
            return null;
        }
        catch (UserErrorException exception)
        {
            return exception.Message;
        }
    }
}

using ActorTrain.Models.Batches;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Objectives;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Runtime;
using ActorTrain.Models.Storage;
using static TorchSharp.torch;

namespace ActorTrain.Models.Steps;

/// <summary>Everything that a replica's bits depend on, except data and machine.</summary>
public sealed record ReplicaOptions
{
    public required ModelOptions Model { get; init; }

    public Precision Precision { get; init; } = Precision.BFloat16;

    /// <summary>Lanes of the global batch, a power of two.</summary>
    public int Lanes { get; init; } = 8;

    public IObjective Objective { get; init; } = new NextToken();

    public OptimizerOptions Optimizer { get; init; } = new();

    public required LearningRateSchedule Schedule { get; init; }

    /// <summary>Limit of the gradient's global norm; 0: none.</summary>
    public double Clip { get; init; } = 1;

    /// <summary>Factor of the input embedding's gradient: see <see cref="Transformer"/>. 1: off.</summary>
    public double EmbeddingShrink { get; init; } = 1;

    /// <summary>Of the critic's learning rate; 1 without a critic.</summary>
    public double CriticRateFactor { get; init; } = 1;

    public ulong Seed { get; init; }
}

/// <summary>One device's copy of model and optimizer, and the parts of a step, each called separately: lane gradients → lane-tree sum →
/// verdict → apply → snapshot.</summary>
/// <remarks>Owns weights, moments and, unless given one, the gradient pool. After it has found a flipped bit, every call throws that error
/// until another state is loaded.</remarks>
public sealed class Replica : IDisposable
{
    private readonly ReplicaOptions options;
    private readonly Moments moments;
    private readonly CheckedOptimizer optimizer;
    private readonly LaneTrainer lanes;
    private readonly GradientPool memory;
    private readonly bool ownsMemory;
    private readonly double[]? rateDivisors;
    private CorruptionException? damage;

    /// <summary>Builds a replica with initial weights.</summary>
    /// <param name="device">Null for the CPU.</param>
    /// <param name="fused">Whether to use the fused CPU kernels; null for where they are available.</param>
    /// <param name="memory">Shared vectors for its gradients; null for its own.</param>
    /// <param name="initialize">Whether to make the initial weights; otherwise they are zero until a state is loaded.</param>
    /// <param name="recompute">See <see cref="Transformer"/>.</param>
    public Replica(
        ReplicaOptions options, Device? device = null, bool? fused = null, GradientPool? memory = null, bool initialize = true,
        Recompute recompute = Recompute.None)
    {
        this.options = options;
        var layout = ModelLayout.Of(options.Model);
        ownsMemory = memory is null;

        // At most all blocks of one lane, their partial sums, and as many for sums of others.
        this.memory = memory ?? new GradientPool(layout.Length, 4 * options.Lanes, device);
        Parameters = new FlatParameters(layout, device);
        Model = new Transformer(options.Model, Parameters, options.Precision, fused, options.EmbeddingShrink, recompute);
        moments = new Moments(Parameters);
        optimizer = new CheckedOptimizer(options.Optimizer.Build(Parameters, moments, fused), Parameters, moments);
        lanes = new LaneTrainer(Model, options.Objective);
        rateDivisors = RateDivisors(layout);
        if (initialize)
            Initialize();
    }

    public FlatParameters Parameters { get; }

    public Transformer Model { get; }

    public Tensor FirstMoment => moments.First;

    public Tensor SecondMoment => moments.Second;

    /// <summary>Checksum of weights and moments when they were last written, equal on all replicas of equal state; costs no read.</summary>
    public ulong StateChecksum => optimizer.Checksum.Hash;

    public void Initialize()
    {
        Initialization.Initialize(Parameters, options.Model, options.Seed);
        moments.Clear();
        Parameters.WeightsChanged();
        StateWritten();
    }

    /// <summary>Begins with trained weights.</summary>
    /// <param name="weights">Laid out by <see cref="ModelLayout.OfBase"/>.</param>
    /// <param name="critic">As for <see cref="Initialization"/>.</param>
    public void Initialize(HostBuffer weights, HostBuffer? critic = null)
    {
        Initialization.Initialize(Parameters, options.Model, options.Seed, weights, critic);
        moments.Clear();
        Parameters.WeightsChanged();
        StateWritten();
    }

    /// <summary>Begins a step, ahead of its lanes: see <see cref="LaneTrainer.BeginStep"/>.</summary>
    public void BeginStep(IEnumerable<TokenBatch> batches) => lanes.BeginStep(batches);

    /// <summary>Begins the gradient of a block of lanes, to be computed lane by lane.</summary>
    public BlockGradient Begin(LaneBlock block) => new(block, options.Lanes, lanes, memory);

    /// <summary>A vector for gradients on the replica's device, to be returned.</summary>
    public Tensor RentGradient() => memory.Rent();

    /// <summary>Returns a rented vector, or one of <see cref="BlockGradient.Take"/>.</summary>
    public void ReturnGradient(Tensor gradient) => memory.Return(gradient);

    public double LearningRateAt(long step) => options.Schedule.At(step);

    /// <summary>Commits a step: clips and applies its gradient, and verifies everything read.</summary>
    /// <param name="adjustment">Differences from the options; null for none.</param>
    /// <returns>L2 norm of the change of the weights.</returns>
    /// <exception cref="CorruptionException">A bit of the gradient, the weights or the moments was flipped. The replica's state is invalid
    /// from now on; the total, which is only read, is unchanged.</exception>
    public double Apply(GradientSum total, StepMeasure measure, UpdateAdjustment? adjustment = null)
    {
        adjustment ??= UpdateAdjustment.None;
        return Guarded(() => optimizer.Apply(
            new Update(total.Gradient, measure.Step + 1, (adjustment.LearningRate ?? LearningRateAt(measure.Step)) * adjustment.RateFactor)
            {
                ClipFactor = GradientNorm.ClipFactor(measure.GradientNorm, Limit(adjustment.ClipTo)),
                TensorFactors = adjustment.TensorFactors,
                RateDivisors = rateDivisors,
                ResetMomentum = adjustment.ResetMomentum,
                GradientChecksum = total.Checksum,
            }));
    }

    /// <summary>L2 norm of the change of the weights if the step were committed by the options alone; no side effects. Verifies everything
    /// read.</summary>
    /// <param name="learningRate">As in <see cref="UpdateAdjustment.LearningRate"/>.</param>
    /// <exception cref="CorruptionException">A bit of the gradient, the weights or the moments was flipped.</exception>
    public double Preview(GradientSum total, StepMeasure measure, double? learningRate = null)
    {
        return Guarded(() => optimizer.Preview(new Update(total.Gradient, measure.Step + 1, learningRate ?? LearningRateAt(measure.Step))
        {
            ClipFactor = GradientNorm.ClipFactor(measure.GradientNorm, options.Clip),
            RateDivisors = rateDivisors,
            GradientChecksum = total.Checksum,
        }));
    }

    /// <summary>Verifies the weights and their packed copies; call it last before passing on results computed from them.</summary>
    /// <exception cref="CorruptionException">A bit of them was flipped.</exception>
    public void VerifyWeights() => Guarded(() =>
    {
        optimizer.Checksum.Weights.Verify(Parameters.Weights, FlatPlace.Weights);
        Parameters.VerifyCopies();
        return true;
    });

    /// <summary>Copies out weights and moments, which are all of a step's state, and verifies the copy.</summary>
    /// <returns>Hash of the copy: see <see cref="StateHash"/>.</returns>
    /// <exception cref="CorruptionException">A bit of them was flipped.</exception>
    public ulong CopyTo(HostBuffer weights, HostBuffer firstMoment, HostBuffer secondMoment) => Guarded(() =>
        optimizer.Checksum.Copy((Parameters.Weights, weights), (moments.First, firstMoment), (moments.Second, secondMoment)));

    public ulong HashState() => StateHash.Of(Parameters.Weights, moments.First, moments.Second);

    public void CopyFrom(HostBuffer weights, HostBuffer firstMoment, HostBuffer secondMoment)
    {
        Parameters.Weights.CopyFrom(weights);
        moments.First.CopyFrom(firstMoment);
        moments.Second.CopyFrom(secondMoment);
        Parameters.WeightsChanged();
        StateWritten();
    }

    public void Dispose()
    {
        if (ownsMemory)
            memory.Dispose();
        moments.Dispose();
        Model.Dispose();
        Parameters.Dispose();
    }

    private double[]? RateDivisors(FlatLayout layout) => options.CriticRateFactor == 1 ? null
        : [.. layout.Entries.Select(entry =>
            entry.Name.StartsWith(ModelLayout.CriticPrefix, StringComparison.Ordinal) ? 1 / options.CriticRateFactor : 1)];

    private void StateWritten()
    {
        damage = null;
        optimizer.StateWritten();
    }

    // The lower of two limits, where 0 is none.
    private double Limit(double? clipTo) =>
        clipTo is not { } limit ? options.Clip : options.Clip > 0 ? Math.Min(limit, options.Clip) : limit;

    private T Guarded<T>(Func<T> act)
    {
        if (damage is not null)
            throw damage;
        try
        {
            return act();
        }
        catch (CorruptionException found)
        {
            damage = found;
            throw;
        }
    }
}

using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Storage;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Models.Steps;

/// <summary>All that a replica's bits depend on, save the data and the machine.</summary>
public sealed record ReplicaOptions
{
    /// <summary>The model's shape.</summary>
    public required ModelOptions Model { get; init; }

    public Precision Precision { get; init; } = Precision.BFloat16;

    /// <summary>Lanes of the global batch, a power of two.</summary>
    public int Lanes { get; init; } = 8;

    public OptimizerOptions Optimizer { get; init; } = new();

    public required LearningRateSchedule Schedule { get; init; }

    /// <summary>Limit of the gradient's global norm; 0: none.</summary>
    public double Clip { get; init; } = 1;

    /// <summary>What the gradient of the input embedding is multiplied by: see <see cref="Transformer"/>. 1: nothing is done.</summary>
    public double EmbeddingShrink { get; init; } = 1;

    /// <summary>Seed of the first weights.</summary>
    public ulong Seed { get; init; }
}

/// <summary>One device's copy of the model and optimizer, and the parts of a step on it, each to be called on its own:
/// lane gradients → lane-tree sum → verdict → apply → snapshot.</summary>
/// <remarks>It owns weights, moments and, unless it was given one, the pool that gradients come from; a gradient in the making is its
/// <see cref="BlockGradient"/>'s, then whoever's took it. Once it has found a flipped bit it does nothing more but throw what it
/// found, until it takes over another state.</remarks>
public sealed class Replica : IDisposable
{
    private readonly ReplicaOptions options;
    private readonly Moments moments;
    private readonly CheckedOptimizer optimizer;
    private readonly LaneTrainer lanes;
    private readonly GradientPool memory;
    private readonly bool ownsMemory;
    private CorruptionException? damage;

    /// <summary>Builds a replica with freshly initialised weights.</summary>
    /// <param name="device">Where it lives; null for the CPU.</param>
    /// <param name="fused">Whether to use the fused CPU kernels; null: where they are available.</param>
    /// <param name="memory">Vectors for its gradients, shared with others; null: its own.</param>
    /// <param name="initialize">Whether to make the first weights; without, they are zero until a state is taken over.</param>
    public Replica(ReplicaOptions options, Device? device = null, bool? fused = null, GradientPool? memory = null, bool initialize = true)
    {
        this.options = options;
        var layout = ModelLayout.Of(options.Model);
        ownsMemory = memory is null;

        // At most all blocks of one lane, what is summed beside them, and as many for those who add sums of others.
        this.memory = memory ?? new GradientPool(layout.Length, 4 * options.Lanes, device);
        Parameters = new FlatParameters(layout, device);
        Model = new Transformer(options.Model, Parameters, options.Precision, fused, options.EmbeddingShrink);
        moments = new Moments(Parameters);
        optimizer = new CheckedOptimizer(options.Optimizer.Build(Parameters, moments, fused), Parameters, moments);
        lanes = new LaneTrainer(Model);
        if (initialize)
            Initialize();
    }

    public FlatParameters Parameters { get; }

    public Transformer Model { get; }

    /// <summary>The optimizer's running mean of gradients.</summary>
    public Tensor FirstMoment => moments.First;

    /// <summary>The optimizer's running mean of squared gradients.</summary>
    public Tensor SecondMoment => moments.Second;

    /// <summary>Checksum of weights and moments as they were last written, equal on all replicas of equal state; nothing is read for
    /// it.</summary>
    public ulong StateChecksum => optimizer.Checksum.Hash;

    /// <summary>Makes the first weights and moments again, from the seed.</summary>
    public void Initialize()
    {
        Initialization.Initialize(Parameters, options.Model, options.Seed);
        moments.Clear();
        Parameters.WeightsChanged();
        StateWritten();
    }

    /// <summary>Begins the gradient of a block of lanes, to be computed lane by lane; its sum belongs to whoever takes it.</summary>
    public BlockGradient Begin(LaneBlock block) => new(block, options.Lanes, lanes, memory);

    /// <summary>A vector for gradients on the replica's device, to be given back.</summary>
    public Tensor RentGradient() => memory.Rent();

    /// <summary>Gives back a vector that was rented, or that <see cref="BlockGradient.Take"/> gave.</summary>
    public void ReturnGradient(Tensor gradient) => memory.Return(gradient);

    /// <summary>The learning rate of a step, counted from 0.</summary>
    public double LearningRateAt(long step) => options.Schedule.At(step);

    /// <summary>Commits a step: clips and applies its gradient, and checks whatever is read for it.</summary>
    /// <param name="adjustment">How the update differs from what the options say; null: not at all.</param>
    /// <returns>L2 norm of the change of the weights.</returns>
    /// <exception cref="CorruptionException">A bit of the gradient, the weights or the moments was flipped. The replica's state is worth
    /// nothing from now on; the total itself, which is only read, is as it was.</exception>
    public double Apply(GradientSum total, StepMeasure measure, UpdateAdjustment? adjustment = null)
    {
        adjustment ??= UpdateAdjustment.None;
        return Guarded(() => optimizer.Apply(
            new Update(total.Gradient, measure.Step + 1, (adjustment.LearningRate ?? LearningRateAt(measure.Step)) * adjustment.RateFactor)
            {
                ClipFactor = GradientNorm.ClipFactor(measure.GradientNorm, Limit(adjustment.ClipTo)),
                TensorFactors = adjustment.TensorFactors,
                ResetMomentum = adjustment.ResetMomentum,
                GradientChecksum = total.Checksum,
            }));
    }

    /// <summary>L2 norm of the change that the weights would see if the step were committed as the options have it; nothing is changed.
    /// Whatever is read for it is checked.</summary>
    /// <param name="learningRate">As in <see cref="UpdateAdjustment.LearningRate"/>.</param>
    /// <exception cref="CorruptionException">A bit of the gradient, the weights or the moments was flipped.</exception>
    public double Preview(GradientSum total, StepMeasure measure, double? learningRate = null)
    {
        return Guarded(() => optimizer.Preview(new Update(total.Gradient, measure.Step + 1, learningRate ?? LearningRateAt(measure.Step))
        {
            ClipFactor = GradientNorm.ClipFactor(measure.GradientNorm, options.Clip),
            GradientChecksum = total.Checksum,
        }));
    }

    /// <summary>Reads the weights once, and the copies of them that are computed with, and checks them: whoever hands on what was computed
    /// from them calls it last.</summary>
    /// <exception cref="CorruptionException">A bit of them was flipped.</exception>
    public void VerifyWeights() => Guarded(() =>
    {
        optimizer.Checksum.Weights.Verify(Parameters.Weights, FlatPlace.Weights);
        Parameters.VerifyCopies();
        return true;
    });

    /// <summary>Copies weights and moments out, all the state that a step leaves behind, and checks the copy.</summary>
    /// <returns>Hash of the copy: see <see cref="StateHash"/>.</returns>
    /// <exception cref="CorruptionException">A bit of them was flipped.</exception>
    public ulong CopyTo(HostBuffer weights, HostBuffer firstMoment, HostBuffer secondMoment) => Guarded(() =>
        optimizer.Checksum.Copy((Parameters.Weights, weights), (moments.First, firstMoment), (moments.Second, secondMoment)));

    /// <summary>Hash of weights and moments: see <see cref="StateHash"/>.</summary>
    public ulong HashState() => StateHash.Of(Parameters.Weights, moments.First, moments.Second);

    /// <summary>Takes weights and moments over from a snapshot.</summary>
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

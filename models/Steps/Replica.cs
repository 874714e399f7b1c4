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
    private readonly bool? fused;
    private readonly List<OwnedRange> owned = [];
    private readonly LaneTrainer lanes;
    private readonly GradientPool memory;
    private readonly bool ownsMemory;
    private readonly double[]? rateDivisors;
    private CorruptionException? damage;

    // Of the weights, if the moments are divided.
    private FlatChecksum? dividedWeights;

    /// <summary>Builds a replica with initial weights.</summary>
    /// <param name="device">Null for the CPU.</param>
    /// <param name="fused">Whether to use the fused CPU kernels; null for where they are available.</param>
    /// <param name="memory">Shared vectors for its gradients; null for its own.</param>
    /// <param name="initialize">Whether to make the initial weights; otherwise they are zero until a state is loaded.</param>
    /// <param name="recompute">See <see cref="Transformer"/>.</param>
    /// <param name="ownsAll">Whether it holds all moments from the start; otherwise <see cref="Own"/> must be called before it is given a
    /// state.</param>
    public Replica(
        ReplicaOptions options, Device? device = null, bool? fused = null, GradientPool? memory = null, bool initialize = true,
        Recompute recompute = Recompute.None, bool ownsAll = true)
    {
        (this.options, this.fused) = (options, fused);
        var layout = ModelLayout.Of(options.Model);
        ownsMemory = memory is null;

        // At most all blocks of one lane, their partial sums, and as many for sums of others.
        this.memory = memory ?? new GradientPool(layout.Length, 4 * options.Lanes, device);
        Parameters = new FlatParameters(layout, device);
        Model = new Transformer(options.Model, Parameters, options.Precision, fused, options.EmbeddingShrink, recompute);
        if (ownsAll)
            Own(null);
        lanes = new LaneTrainer(Model, options.Objective);
        rateDivisors = RateDivisors(layout);
        if (initialize)
            Initialize();
    }

    public FlatParameters Parameters { get; }

    public Transformer Model { get; }

    /// <summary>Of the whole, if it holds all of it.</summary>
    public Tensor FirstMoment => owned.Single().FirstMoment;

    /// <summary>Of the whole, if it holds all of it.</summary>
    public Tensor SecondMoment => owned.Single().SecondMoment;

    /// <summary>First and second moment of each range that it holds.</summary>
    public IEnumerable<(Tensor First, Tensor Second)> MomentVectors =>
        owned.Select(static range => (range.FirstMoment, range.SecondMoment));

    /// <summary>Checksum of weights and moments when they were last written, or of the weights alone if the moments are divided: equal on
    /// all replicas of equal state. Costs no read.</summary>
    public ulong StateChecksum => dividedWeights?.Hash ?? owned[0].Checksum.Hash;

    /// <summary>Whether it holds the moments of some ranges only.</summary>
    public bool IsDivided { get; private set; }

    /// <summary>Holds the moments of these ranges from now on, and needs a state.</summary>
    /// <param name="ranges">Each begins and ends with blocks of <see cref="FlatSums.Block"/> elements, in order; null for
    /// everything.</param>
    public void Own(IReadOnlyList<(long Offset, long Count)>? ranges)
    {
        IsDivided = ranges is not null;
        var (left, wanted) = (owned.ToList(), ranges ?? [(0, Parameters.Layout.Length)]);
        owned.Clear();
        foreach (var (offset, count) in wanted.Where(static range => range.Count > 0))
        {
            var same = left.Find(range => (range.Offset, range.Count) == (offset, count));
            if (same is not null)
                left.Remove(same);
            owned.Add(same ?? (IsDivided ? new OwnedRange(Parameters, offset, count, options.Optimizer, fused)
                : new OwnedRange(Parameters, options.Optimizer, fused)));
        }

        foreach (var range in left)
            range.Dispose();
    }

    public void Initialize()
    {
        Initialization.Initialize(Parameters, options.Model, options.Seed);
        owned.ForEach(static range => range.Clear());
        Parameters.WeightsChanged();
        StateWritten();
    }

    /// <summary>Begins with trained weights.</summary>
    /// <param name="weights">Laid out by <see cref="ModelLayout.OfBase"/>.</param>
    /// <param name="critic">As for <see cref="Initialization"/>.</param>
    public void Initialize(HostBuffer weights, HostBuffer? critic = null)
    {
        Initialization.Initialize(Parameters, options.Model, options.Seed, weights, critic);
        owned.ForEach(static range => range.Clear());
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

    /// <summary>Commits a step: clips and applies its gradient, to the ranges of which it holds the moments, and verifies everything
    /// read.</summary>
    /// <param name="adjustment">Differences from the options; null for none.</param>
    /// <returns>L2 norm of the change of the weights; NaN if the moments are divided.</returns>
    /// <exception cref="CorruptionException">A bit of the gradient, the weights or the moments was flipped. The replica's state is invalid
    /// from now on; the total, which is only read, is unchanged.</exception>
    public double Apply(GradientSum total, StepMeasure measure, UpdateAdjustment? adjustment = null)
    {
        adjustment ??= UpdateAdjustment.None;
        var rate = (adjustment.LearningRate ?? LearningRateAt(measure.Step)) * adjustment.RateFactor;
        var update = new Update(total.Gradient, measure.Step + 1, rate)
        {
            ClipFactor = GradientNorm.ClipFactor(measure.GradientNorm, Limit(adjustment.ClipTo)),
            TensorFactors = adjustment.TensorFactors,
            RateDivisors = rateDivisors,
            ResetMomentum = adjustment.ResetMomentum,
            GradientChecksum = total.Checksum,
        };
        return Guarded(() =>
        {
            if (!IsDivided)
                return owned[0].Apply(update);
            owned.ForEach(range => range.Apply(update));
            return double.NaN;
        });
    }

    /// <summary>Checksum of the weights and moments of a range that it holds, when they were last written.</summary>
    /// <param name="offset">First element of the range.</param>
    public StateChecksum ChecksumAt(long offset) => owned.Find(range => range.Offset == offset)!.Checksum;

    /// <summary>Takes the weights after an update from those that the holders of all ranges have published; its own ranges must have seen
    /// that update.</summary>
    /// <param name="published">Of the whole, on a CPU.</param>
    /// <exception cref="CorruptionException">A bit of them was flipped, or its own are others.</exception>
    public void TakeWeights(Tensor published, FlatChecksum checksum) => Guarded(() =>
    {
        foreach (var range in owned)
            checksum.Verify(range.Checksum.Weights.Blocks, FlatPlace.Weights, firstBlock: (int)(range.Offset / FlatSums.Block));
        long at = 0;
        foreach (var (offset, end) in owned.Select(static range => (range.Offset, range.Offset + range.Count))
            .Append((Parameters.Layout.Length, Parameters.Layout.Length)))
        {
            if (offset > at)
                Take(at, offset - at);
            at = end;
        }

        dividedWeights = checksum;
        Parameters.WeightsChanged();
        return true;

        void Take(long offset, long count)
        {
            using var _ = no_grad();
            using var to = Parameters.Weights.narrow(0, offset, count);
            using var from = published.narrow(0, offset, count);
            to.copy_(from);
            checksum.Verify(FlatChecksum.Of(to).Blocks, FlatPlace.PublishedWeights, firstBlock: (int)(offset / FlatSums.Block));
        }
    });

    /// <summary>L2 norm of the change of the weights if the step were committed by the options alone; no side effects. Verifies everything
    /// read.</summary>
    /// <param name="learningRate">As in <see cref="UpdateAdjustment.LearningRate"/>.</param>
    /// <exception cref="CorruptionException">A bit of the gradient, the weights or the moments was flipped.</exception>
    public double Preview(GradientSum total, StepMeasure measure, double? learningRate = null)
    {
        if (IsDivided)
            throw new InvariantException("Nobody can preview an update whose moments are divided.");
        return Guarded(() => owned[0].Preview(new Update(total.Gradient, measure.Step + 1, learningRate ?? LearningRateAt(measure.Step))
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
        (dividedWeights ?? owned[0].Checksum.Weights).Verify(Parameters.Weights, FlatPlace.Weights);
        Parameters.VerifyCopies();
        return true;
    });

    /// <summary>Copies out weights and moments, which are all of a step's state, and verifies the copy.</summary>
    /// <returns>Hash of the copy: see <see cref="StateHash"/>.</returns>
    /// <exception cref="CorruptionException">A bit of them was flipped.</exception>
    public ulong CopyTo(HostBuffer weights, HostBuffer firstMoment, HostBuffer secondMoment) => Guarded(() =>
        owned.Single().CopyTo(weights, firstMoment, secondMoment).Hash);

    /// <summary>Copies out the weights and moments of a range that it holds, to their places in vectors of the whole.</summary>
    /// <param name="offset">First element of the range.</param>
    /// <exception cref="CorruptionException">A bit of them was flipped.</exception>
    public StateBlocks CopyTo(HostBuffer weights, HostBuffer firstMoment, HostBuffer secondMoment, long offset) => Guarded(() =>
        owned.Find(range => range.Offset == offset)!.CopyTo(weights, firstMoment, secondMoment));

    public ulong HashState() => StateHash.Of(Parameters.Weights, FirstMoment, SecondMoment);

    /// <summary>Whether its weights, and the moments that it holds, have the bits of a state.</summary>
    public bool Holds(HostBuffer weights, HostBuffer firstMoment, HostBuffer secondMoment)
    {
        return Same(Parameters.Weights, weights, 0)
            && owned.TrueForAll(range => Same(range.FirstMoment, firstMoment, range.Offset)
                && Same(range.SecondMoment, secondMoment, range.Offset));

        static bool Same(Tensor own, HostBuffer other, long offset)
        {
            var blocks = StateHash.Blocks(other.Address + (nint)(offset * sizeof(float)), own.numel() * sizeof(float));
            GC.KeepAlive(other);
            return StateHash.Blocks(own).AsSpan().SequenceEqual(blocks);
        }
    }

    public void CopyFrom(HostBuffer weights, HostBuffer firstMoment, HostBuffer secondMoment)
    {
        Parameters.Weights.CopyFrom(weights);
        owned.ForEach(range => range.TakeMoments(firstMoment, secondMoment));
        Parameters.WeightsChanged();
        StateWritten();
    }

    public void Dispose()
    {
        if (ownsMemory)
            memory.Dispose();
        owned.ForEach(static range => range.Dispose());
        Model.Dispose();
        Parameters.Dispose();
    }

    private double[]? RateDivisors(FlatLayout layout) => options.CriticRateFactor == 1 ? null
        : [.. layout.Entries.Select(entry =>
            entry.Name.StartsWith(ModelLayout.CriticPrefix, StringComparison.Ordinal) ? 1 / options.CriticRateFactor : 1)];

    private void StateWritten()
    {
        damage = null;
        owned.ForEach(static range => range.StateWritten());
        dividedWeights = IsDivided ? FlatChecksum.Of(Parameters.Weights) : null;
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

using ActorTrain.Models.Optimization;
using ActorTrain.Models.Storage;
using static TorchSharp.torch;

namespace ActorTrain.Models.Steps;

/// <summary>A range of a replica's vectors, with the optimizer and its state for it.</summary>
/// <remarks>It begins and ends with blocks of <see cref="FlatSums.Block"/> elements, or is everything: an update of all ranges has the bits
/// of one update of the whole, since it is made element by element.</remarks>
internal sealed class OwnedRange : IDisposable
{
    private readonly FlatParameters weights;
    private readonly Moments moments;
    private readonly CheckedOptimizer optimizer;
    private readonly bool isWhole;
    private readonly int firstTensor;

    /// <summary>Everything.</summary>
    /// <param name="whole">Not owned.</param>
    /// <param name="fused">As for <see cref="OptimizerOptions.Build"/>.</param>
    public OwnedRange(FlatParameters whole, OptimizerOptions options, bool? fused)
    {
        (weights, isWhole, Count) = (whole, true, whole.Layout.Length);
        moments = new Moments(weights);
        optimizer = new CheckedOptimizer(options.Build(weights, moments, fused), weights, moments);
    }

    /// <param name="whole">Must outlive it.</param>
    /// <param name="offset">First element.</param>
    /// <param name="count">Elements, at least 1.</param>
    /// <param name="fused">As for <see cref="OptimizerOptions.Build"/>.</param>
    public OwnedRange(FlatParameters whole, long offset, long count, OptimizerOptions options, bool? fused)
    {
        (Offset, Count) = (offset, count);
        weights = new FlatParameters(whole, whole.Layout.Slice(offset, count, out firstTensor), offset);
        moments = new Moments(weights);
        optimizer = new CheckedOptimizer(options.Build(weights, moments, fused), weights, moments);
    }

    public long Offset { get; }

    public long Count { get; }

    public Tensor Weights => weights.Weights;

    public Tensor FirstMoment => moments.First;

    public Tensor SecondMoment => moments.Second;

    /// <summary>Of weights and moments when they were last written.</summary>
    public StateChecksum Checksum => optimizer.Checksum;

    /// <param name="update">Of the whole.</param>
    /// <returns>L2 norm of the change of the range's weights.</returns>
    /// <exception cref="CorruptionException">As <see cref="CheckedOptimizer.Apply"/>.</exception>
    public double Apply(Update update) => WithPart(update, optimizer.Apply);

    /// <param name="update">Of the whole.</param>
    /// <returns>L2 norm of the change of the range's weights, which is not made.</returns>
    /// <exception cref="CorruptionException">As <see cref="CheckedOptimizer.Preview"/>.</exception>
    public double Preview(Update update) => WithPart(update, optimizer.Preview);

    /// <summary>Clears the moments.</summary>
    public void Clear() => moments.Clear();

    /// <summary>Takes the moments of the range from those of the whole.</summary>
    public void TakeMoments(HostBuffer firstMoment, HostBuffer secondMoment)
    {
        moments.First.CopyFrom(firstMoment, Offset);
        moments.Second.CopyFrom(secondMoment, Offset);
    }

    /// <summary>Takes new checksums; call it after weights or moments were written otherwise.</summary>
    public void StateWritten() => optimizer.StateWritten();

    /// <summary>Copies the range to its place in buffers for the whole, and verifies the copy.</summary>
    /// <exception cref="CorruptionException">A bit of it was flipped.</exception>
    public StateBlocks CopyTo(HostBuffer weightVector, HostBuffer firstMoment, HostBuffer secondMoment) => optimizer.Checksum.Copy(
        (weights.Weights, weightVector), (moments.First, firstMoment), (moments.Second, secondMoment), Offset);

    public void Dispose()
    {
        moments.Dispose();
        if (!isWhole)
            weights.Dispose();
    }

    private double WithPart(Update update, Func<Update, double> act)
    {
        if (isWhole)
            return act(update);
        using var gradient = update.Gradient.narrow(0, Offset, Count);
        return act(update with
        {
            Gradient = gradient,
            GradientChecksum = update.GradientChecksum?.Part(Offset, Count),
            TensorFactors = OfTensors(update.TensorFactors),
            RateDivisors = OfTensors(update.RateDivisors),
        });
    }

    private double[]? OfTensors(IReadOnlyList<double>? all) =>
        all is null ? null : [.. all.Skip(firstTensor).Take(weights.Layout.Entries.Count)];
}

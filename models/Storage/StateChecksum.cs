using static TorchSharp.torch;

namespace ActorTrain.Models.Storage;

/// <summary>Checksums of weights and both moments when they were last written.</summary>
public sealed class StateChecksum(FlatChecksum weights, FlatChecksum firstMoment, FlatChecksum secondMoment)
{
    public FlatChecksum Weights { get; } = weights;

    public FlatChecksum FirstMoment { get; } = firstMoment;

    public FlatChecksum SecondMoment { get; } = secondMoment;

    /// <summary>Combines all vectors.</summary>
    public ulong Hash => SecondMoment.Fold(FirstMoment.Fold(Weights.Fold(0)));

    public static StateChecksum Of(Tensor weights, Tensor firstMoment, Tensor secondMoment) =>
        new(FlatChecksum.Of(weights), FlatChecksum.Of(firstMoment), FlatChecksum.Of(secondMoment));

    /// <summary>Copies a state, or a range of it, out and verifies the copies.</summary>
    /// <param name="first">Of the buffers: the element that becomes the range's first.</param>
    /// <returns>Hashes of the copies.</returns>
    /// <exception cref="CorruptionException">The copies differ from this state.</exception>
    public StateBlocks Copy(
        (Tensor From, HostBuffer To) weightVector, (Tensor From, HostBuffer To) firstMomentVector,
        (Tensor From, HostBuffer To) secondMomentVector, long first = 0) => new(
            weightVector.From.CopyTo(weightVector.To, first, Weights, FlatPlace.Weights),
            firstMomentVector.From.CopyTo(firstMomentVector.To, first, FirstMoment, FlatPlace.FirstMoment),
            secondMomentVector.From.CopyTo(secondMomentVector.To, first, SecondMoment, FlatPlace.SecondMoment));
}

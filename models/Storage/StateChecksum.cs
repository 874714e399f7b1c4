using System.IO.Hashing;
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

    /// <summary>Copies a state out and verifies the copies.</summary>
    /// <returns>Hash of the copies: see <see cref="StateHash"/>.</returns>
    /// <exception cref="CorruptionException">The copies differ from this state.</exception>
    public ulong Copy(
        (Tensor From, HostBuffer To) weightVector, (Tensor From, HostBuffer To) firstMomentVector,
        (Tensor From, HostBuffer To) secondMomentVector)
    {
        var hash = new XxHash3();
        weightVector.From.CopyTo(weightVector.To, hash, Weights, FlatPlace.Weights);
        firstMomentVector.From.CopyTo(firstMomentVector.To, hash, FirstMoment, FlatPlace.FirstMoment);
        secondMomentVector.From.CopyTo(secondMomentVector.To, hash, SecondMoment, FlatPlace.SecondMoment);
        return hash.GetCurrentHashAsUInt64();
    }
}

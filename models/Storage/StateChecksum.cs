using System.IO.Hashing;
using static TorchSharp.torch;

namespace ActorTrain.Models.Storage;

/// <summary>Checksums of weights and both moments as they were last written.</summary>
public sealed class StateChecksum(FlatChecksum weights, FlatChecksum firstMoment, FlatChecksum secondMoment)
{
    public FlatChecksum Weights { get; } = weights;

    public FlatChecksum FirstMoment { get; } = firstMoment;

    public FlatChecksum SecondMoment { get; } = secondMoment;

    /// <summary>All of it as one number: equal where the states are.</summary>
    public ulong Hash => SecondMoment.Fold(FirstMoment.Fold(Weights.Fold(0)));

    /// <summary>Checksums of a state as it is now.</summary>
    public static StateChecksum Of(Tensor weights, Tensor firstMoment, Tensor secondMoment) =>
        new(FlatChecksum.Of(weights), FlatChecksum.Of(firstMoment), FlatChecksum.Of(secondMoment));

    /// <summary>Copies a state out and checks the copies.</summary>
    /// <returns>Hash of the copies: see <see cref="StateHash"/>.</returns>
    /// <exception cref="CorruptionException">They are not of this state.</exception>
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

using ActorTrain.Models.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Models.Storage;

/// <summary>Checksums of weights and both moments as they were last written.</summary>
public sealed class StateChecksum
{
    /// <summary>Vectors that the optimizer reads and writes: weights, gradient, both moments, and then weights and both moments.</summary>
    internal const int Vectors = 7;

    private FlatChecksum weights;
    private FlatChecksum firstMoment;
    private FlatChecksum secondMoment;

    /// <summary>Takes the checksums of a state as it is now.</summary>
    public StateChecksum(Tensor weights, Tensor firstMoment, Tensor secondMoment) =>
        (this.weights, this.firstMoment, this.secondMoment) = (FlatChecksum.Of(weights), FlatChecksum.Of(firstMoment), FlatChecksum.Of(secondMoment));

    /// <summary>All of it as one number: equal where the states are.</summary>
    public ulong Hash => secondMoment.Fold(firstMoment.Fold(weights.Fold(0)));

    /// <summary>Checks the weights.</summary>
    /// <exception cref="CorruptionException">They changed.</exception>
    public void VerifyWeights(Tensor found) => weights.Verify(found, FlatPlace.Weights);

    /// <summary>Copies a state out and checks the copies.</summary>
    /// <returns>Hash of the copies: see <see cref="StateHash"/>.</returns>
    /// <exception cref="CorruptionException">They are not of this state.</exception>
    public ulong Copy((Tensor From, HostBuffer To) weightVector, (Tensor From, HostBuffer To) firstMomentVector, (Tensor From, HostBuffer To) secondMomentVector)
    {
        var hash = weightVector.From.CopyTo(weightVector.To, seed: 0, weights, FlatPlace.Weights);
        hash = firstMomentVector.From.CopyTo(firstMomentVector.To, hash, firstMoment, FlatPlace.FirstMoment);
        return secondMomentVector.From.CopyTo(secondMomentVector.To, hash, secondMoment, FlatPlace.SecondMoment);
    }

    /// <summary>The moments were set to zero.</summary>
    internal void MomentsAreZero() => firstMoment = secondMoment = new FlatChecksum(new ulong[weights.Blocks.Length]);

    /// <summary>Checks what an update is about to read.</summary>
    internal void Verify(Tensor foundWeights, Tensor foundFirstMoment, Tensor foundSecondMoment, Tensor gradient, FlatChecksum? ofGradient)
    {
        weights.Verify(foundWeights, FlatPlace.Weights);
        firstMoment.Verify(foundFirstMoment, FlatPlace.FirstMoment);
        secondMoment.Verify(foundSecondMoment, FlatPlace.SecondMoment);
        ofGradient?.Verify(gradient, FlatPlace.TotalGradient);
    }

    /// <summary>Takes the checksums of what an update has written.</summary>
    internal void Renew(Tensor newWeights, Tensor newFirstMoment, Tensor newSecondMoment) =>
        (weights, firstMoment, secondMoment) = (FlatChecksum.Of(newWeights), FlatChecksum.Of(newFirstMoment), FlatChecksum.Of(newSecondMoment));

    /// <summary>Checks what an update, or the preview of one, has read.</summary>
    /// <param name="found">The <see cref="Vectors"/>, one after another.</param>
    /// <param name="ofGradient">Checksum of the gradient, if it is known.</param>
    /// <param name="areMomentsRead">Whether it read the moments, and did not begin with none.</param>
    internal void VerifyRead(ReadOnlySpan<ulong> found, FlatChecksum? ofGradient, bool areMomentsRead = true)
    {
        var blocks = found.Length / Vectors;
        weights.Verify(found[..blocks], FlatPlace.Weights);
        ofGradient?.Verify(found[blocks..(2 * blocks)], FlatPlace.TotalGradient);
        if (!areMomentsRead)
            return;
        firstMoment.Verify(found[(2 * blocks)..(3 * blocks)], FlatPlace.FirstMoment);
        secondMoment.Verify(found[(3 * blocks)..(4 * blocks)], FlatPlace.SecondMoment);
    }

    /// <summary>Checks what an update has read, and takes the checksums of what it has written.</summary>
    /// <param name="found">The <see cref="Vectors"/>, one after another.</param>
    /// <param name="ofGradient">Checksum of the gradient, if it is known.</param>
    internal void Update(ReadOnlySpan<ulong> found, FlatChecksum? ofGradient)
    {
        var blocks = found.Length / Vectors;
        VerifyRead(found, ofGradient);
        (weights, firstMoment, secondMoment) =
            (new(found[(4 * blocks)..(5 * blocks)]), new(found[(5 * blocks)..(6 * blocks)]), new(found[(6 * blocks)..]));
    }
}

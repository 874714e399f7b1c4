using ActorTrain.Models.Storage;
using static TorchSharp.torch;

namespace ActorTrain.Models.Optimization;

/// <summary>Checksums of the vectors that one update reads and writes, filled in by the rule that makes it: a kernel that streams them
/// anyway takes them along for next to nothing.</summary>
public sealed class UpdateChecksums
{
    // The order of ak_adamw: weights, gradient and both moments as read, then weights and both moments as written.
    private const int Vectors = 7;
    private readonly ulong[] blocks;
    private readonly int blocksOfVector;
    private readonly long length;

    /// <summary>Makes room for those of an update.</summary>
    public UpdateChecksums(long length)
    {
        this.length = length;
        blocksOfVector = FlatSums.BlocksOf(length);
        blocks = new ulong[Vectors * blocksOfVector];
    }

    /// <summary>Whether the moments that were read had been set to zero for this update.</summary>
    public bool MomentsWereReset { get; set; }

    /// <summary>Room for a kernel to fill in.</summary>
    internal Span<ulong> All => blocks;

    /// <summary>Weights and moments as they were written.</summary>
    internal StateChecksum Written => new(new(Vector(4)), new(Vector(5)), new(Vector(6)));

    /// <summary>Fills in what an update is about to read.</summary>
    public void Read(Tensor weights, Tensor gradient, Tensor firstMoment, Tensor secondMoment) =>
        Fill(0, weights, gradient, firstMoment, secondMoment);

    /// <summary>Fills in what an update has written.</summary>
    public void Wrote(Tensor weights, Tensor firstMoment, Tensor secondMoment) =>
        Fill(4, weights, firstMoment, secondMoment);

    /// <param name="gradient">That of the gradient; null: unknown.</param>
    /// <exception cref="CorruptionException">One of them changed in memory.</exception>
    internal void VerifyRead(StateChecksum state, FlatChecksum? gradient)
    {
        state.Weights.Verify(Vector(0), FlatPlace.Weights);
        gradient?.Verify(Vector(1), FlatPlace.TotalGradient);
        var zeros = MomentsWereReset ? FlatChecksum.OfZeros(length) : null;
        (zeros ?? state.FirstMoment).Verify(Vector(2), FlatPlace.FirstMoment);
        (zeros ?? state.SecondMoment).Verify(Vector(3), FlatPlace.SecondMoment);
    }

    private ReadOnlySpan<ulong> Vector(int number) => blocks.AsSpan(number * blocksOfVector, blocksOfVector);

    private void Fill(int first, params ReadOnlySpan<Tensor> vectors)
    {
        for (var i = 0; i < vectors.Length; i++)
            FlatChecksum.Of(vectors[i]).Blocks.CopyTo(blocks.AsSpan((first + i) * blocksOfVector));
    }
}

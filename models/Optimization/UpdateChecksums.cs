using ActorTrain.Models.Storage;
using static TorchSharp.torch;

namespace ActorTrain.Models.Optimization;

/// <summary>Checksums of the vectors that one update reads and writes, filled in by its rule: a kernel that streams them computes checksums
/// at almost no cost.</summary>
public sealed class UpdateChecksums
{
    // The order of ak_adamw: weights, gradient and both moments as read, then weights and both moments as written.
    private const int Vectors = 7;
    private readonly ulong[] blocks;
    private readonly int blocksOfVector;
    private readonly long length;

    public UpdateChecksums(long length)
    {
        this.length = length;
        blocksOfVector = FlatSums.BlocksOf(length);
        blocks = new ulong[Vectors * blocksOfVector];
    }

    /// <summary>Whether the moments had been set to zero for this update.</summary>
    public bool MomentsWereReset { get; set; }

    /// <summary>To be filled in by a kernel.</summary>
    internal Span<ulong> All => blocks;

    internal StateChecksum Written => new(new(Vector(4)), new(Vector(5)), new(Vector(6)));

    public void Read(Tensor weights, Tensor gradient, Tensor firstMoment, Tensor secondMoment) =>
        Fill(0, weights, gradient, firstMoment, secondMoment);

    public void Wrote(Tensor weights, Tensor firstMoment, Tensor secondMoment) =>
        Fill(4, weights, firstMoment, secondMoment);

    /// <param name="gradient">The gradient's checksum; null if unknown.</param>
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

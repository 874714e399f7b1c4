using System.Numerics;
using ActorTrain.Models.Randomness;

namespace ActorTrain.Data.Plan;

/// <summary>A computed permutation of 0 … n−1: a Feistel network with cycle walking (Black and Rogaway, 2002).</summary>
/// <remarks>The network permutes the next power of four at or above n, at most 4n values; a result outside the range is fed in again, which
/// keeps it a permutation of the range and takes fewer than four rounds on average.</remarks>
internal readonly struct EpochPermutation
{
    private const int Rounds = 6;
    private readonly ulong key;
    private readonly ulong count;
    private readonly int halfBits;

    public EpochPermutation(ulong seed, long epoch, long count)
    {
        key = SplitMix64.Scatter(seed, (ulong)epoch);
        this.count = (ulong)count;
        halfBits = Math.Max(1, (64 - BitOperations.LeadingZeroCount(this.count - 1) + 1) / 2);
    }

    public long this[long index]
    {
        get
        {
            var value = (ulong)index;
            do
                value = Permute(value);
            while (value >= count);
            return (long)value;
        }
    }

    private ulong Permute(ulong value)
    {
        var mask = (1UL << halfBits) - 1;
        var (left, right) = (value >> halfBits, value & mask);
        for (var round = 0UL; round < Rounds; round++)
            (left, right) = (right, left ^ (SplitMix64.Scatter(key + round, right) & mask));
        return (left << halfBits) | right;
    }
}

namespace ActorTrain.Data.Preparation;

/// <summary>How many bytes of text have which rank, in bounded memory; finds the rank below which lies about as much as is
/// requested.</summary>
internal sealed class RankedBytes
{
    private const int Bits = 16;
    private readonly long[] buckets = new long[1 << Bits];

    /// <summary>All bytes that were added.</summary>
    public long Total { get; private set; }

    /// <summary>The bucket of a rank: what is compared with a limit.</summary>
    public static int BucketOf(ulong rank) => (int)(rank >> (64 - Bits));

    public void Add(ulong rank, long bytes)
    {
        buckets[BucketOf(rank)] += bytes;
        Total += bytes;
    }

    /// <summary>The limit below which lies the amount nearest to <paramref name="wanted"/>, some of all but never all of it; 0 when none
    /// lies within
    /// <paramref name="tolerance"/> times it, or when less than so many times what is wanted above it would be left there.</summary>
    public int LimitFor(double wanted, double tolerance)
    {
        var (limit, nearest, below) = (0, double.PositiveInfinity, 0L);
        for (var i = 0; i < buckets.Length; i++)
        {
            below += buckets[i];
            if (buckets[i] > 0 && below < Total && below >= wanted / tolerance && below <= wanted * tolerance
                && Total - below >= (Total - wanted) / tolerance
                && Math.Abs(below - wanted) < nearest)
                (limit, nearest) = (i + 1, Math.Abs(below - wanted));
        }

        return limit;
    }
}

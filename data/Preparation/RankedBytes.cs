namespace ActorTrain.Data.Preparation;

/// <summary>Counts bytes of text by rank in bounded memory, and finds the rank below which is about a requested amount.</summary>
internal sealed class RankedBytes
{
    private const int Bits = 16;
    private readonly long[] buckets = new long[1 << Bits];

    public long Total { get; private set; }

    /// <summary>The bucket of a rank, which is compared with a limit.</summary>
    public static int BucketOf(ulong rank) => (int)(rank >> (64 - Bits));

    public void Add(ulong rank, long bytes)
    {
        buckets[BucketOf(rank)] += bytes;
        Total += bytes;
    }

    /// <summary>The limit below which the amount is nearest to <paramref name="wanted"/>, never all; 0 if none is within a factor
    /// <paramref name="tolerance"/>, or if the rest would be less than that factor times <paramref name="wanted"/>.</summary>
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

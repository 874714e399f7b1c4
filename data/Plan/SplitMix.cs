namespace ActorTrain.Data.Plan;

/// <summary>Counter-based randomness: the same words always give the same bits.</summary>
internal static class SplitMix
{
    /// <summary>The finaliser of SplitMix64 (Steele, Lea and Flood, 2014): a bijection of 64 bits that scatters them.</summary>
    public static ulong Scatter(ulong word)
    {
        word += 0x9E3779B97F4A7C15;
        word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9;
        word = (word ^ (word >> 27)) * 0x94D049BB133111EB;
        return word ^ (word >> 31);
    }

    /// <summary>Bits that depend on both words and on their order.</summary>
    public static ulong Scatter(ulong first, ulong second) => Scatter(Scatter(first) ^ second);

    /// <summary>A number in [0, 1) with 53 random bits.</summary>
    public static double Fraction(ulong first, ulong second) => (Scatter(first, second) >> 11) * (1.0 / (1L << 53));
}

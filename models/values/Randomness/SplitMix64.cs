namespace ActorTrain.Models.Randomness;

/// <summary>SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014) in counter mode: a pure function of
/// its words, without generator state.</summary>
public static class SplitMix64
{
    public const ulong GoldenGamma = 0x9E3779B97F4A7C15;

    public static ulong Mix(ulong word)
    {
        word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9;
        word = (word ^ (word >> 27)) * 0x94D049BB133111EB;
        return word ^ (word >> 31);
    }

    /// <summary>The first number of the generator with seed <paramref name="word"/>.</summary>
    public static ulong Scatter(ulong word) => Mix(word + GoldenGamma);

    /// <summary>Depends on both words and on their order.</summary>
    public static ulong Scatter(ulong first, ulong second) => Scatter(Scatter(first) ^ second);

    /// <summary>A number in [0, 1) from the upper 53 of random bits.</summary>
    public static double Fraction(ulong bits) => (bits >> 11) * (1.0 / (1UL << 53));
}

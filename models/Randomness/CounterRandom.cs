namespace ActorTrain.Models.Randomness;

/// <summary>The use of a random stream; streams of different uses are independent.</summary>
public enum RandomUse
{
    /// <summary>Initial values of a parameter; the lane is the parameter's number.</summary>
    Initialization = 1,

    /// <summary>Sampling of generated tokens; the step is the token's position, the lane the number of its text.</summary>
    Sampling = 2,

    /// <summary>Tokens of rollouts; the step is the prompt's position, the lane the sample, the counter the token.</summary>
    Rollout = 3,
}

/// <summary>A stream of random numbers as a function of (seed, step, lane, use): made where it is used, never stored.</summary>
/// <remarks><see cref="SplitMix64"/>: there is no generator state to checkpoint, and the process-wide generator is not used.</remarks>
public struct CounterRandom
{
    private readonly ulong key;
    private ulong counter;

    public CounterRandom(ulong seed, long step, long lane, RandomUse use)
    {
        key = SplitMix64.Scatter(seed);
        key = SplitMix64.Mix(key ^ (ulong)step * 0xD1342543DE82EF95);
        key = SplitMix64.Mix(key ^ (ulong)lane * 0xAF251AF3B0F025B5);
        key = SplitMix64.Mix(key ^ (ulong)use);
    }

    public ulong NextBits() => SplitMix64.Mix(key + SplitMix64.GoldenGamma * ++counter);

    /// <summary>Uniform in [0, 1), with 53 random bits.</summary>
    public double NextUniform() => SplitMix64.Fraction(NextBits());

    /// <summary>The uniform number that the stream has at an index, from 0.</summary>
    public readonly double UniformAt(long index) =>
        SplitMix64.Fraction(SplitMix64.Mix(key + SplitMix64.GoldenGamma * ((ulong)index + 1)));

    /// <summary>Standard normal, by Acklam's rational approximation of the inverse normal distribution (relative error below
    /// 1.2e-9).</summary>
    public double NextNormal()
    {
        var p = ((NextBits() >> 11) + 0.5) * (1.0 / (1UL << 53));
        const double low = 0.02425;
        if (p < low)
            return Tail(Math.Sqrt(-2 * Math.Log(p)));
        if (p > 1 - low)
            return -Tail(Math.Sqrt(-2 * Math.Log(1 - p)));
        var q = p - 0.5;
        var r = q * q;
        return (((((-3.969683028665376e+01 * r + 2.209460984245205e+02) * r - 2.759285104469687e+02) * r + 1.383577518672690e+02) * r
                  - 3.066479806614716e+01) * r + 2.506628277459239e+00) * q
               / (((((-5.447609879822406e+01 * r + 1.615858368580409e+02) * r - 1.556989798598866e+02) * r + 6.680131188771972e+01) * r
                   - 1.328068155288572e+01) * r + 1);

        static double Tail(double q) =>
            (((((-7.784894002430293e-03 * q - 3.223964580411365e-01) * q - 2.400758277161838e+00) * q - 2.549732539343734e+00) * q
              + 4.374664141464968e+00) * q + 2.938163982698783e+00)
            / ((((7.784695709041462e-03 * q + 3.224671290700398e-01) * q + 2.445134137142996e+00) * q + 3.754408661907416e+00) * q + 1);
    }
}

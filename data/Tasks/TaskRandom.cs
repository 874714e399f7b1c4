using ActorTrain.Models.Randomness;

namespace ActorTrain.Data.Tasks;

/// <summary>The use of a random stream; streams of different uses are independent.</summary>
internal enum TaskUse
{
    Order = 1,
    Mistake = 2,
    Completion = 3,
    Label = 4,
    Score = 5,
}

/// <summary>A stream of random numbers as a function of (seed, use, position).</summary>
internal struct TaskRandom(ulong seed, TaskUse use, long position)
{
    private readonly ulong key = SplitMix64.Scatter(SplitMix64.Scatter(seed, (ulong)use), (ulong)position);
    private ulong counter;

    /// <summary>Uniform in [0, 1).</summary>
    public double NextUniform() => SplitMix64.Fraction(NextBits());

    /// <summary>Uniform in 0 … <paramref name="count"/>−1, but for a bias below 2^-32.</summary>
    public int Next(int count) => (int)Math.BigMul(NextBits(), (ulong)count, out _);

    private ulong NextBits() => SplitMix64.Mix(key + (SplitMix64.GoldenGamma * ++counter));
}

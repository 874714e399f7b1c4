using ActorTrain.Data.Plan;
using ActorTrain.Models.Randomness;

namespace ActorTrain.Data.Tasks;

/// <summary>Add numbers below 100: <c>add 58+07:</c> is <c>065</c>.</summary>
/// <remarks>Leading zeros keep digits in columns, which small models learn sooner.</remarks>
internal sealed class AddProblems(ulong seed) : IProblems
{
    private const int Bound = 100;

    private readonly EpochPermutation order = new(SplitMix64.Scatter(seed, (ulong)TaskUse.Order), 0, Bound * Bound);

    public long Count => Bound * Bound;

    public string Reward => "number";

    public string Alphabet => SortProblems.Digits;

    public Problem this[long position]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(position);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(position, Count);
            var (a, b) = Math.DivRem(order[position], Bound);
            return new Problem($"add {a:00}+{b:00}:", $"{a + b:000}");
        }
    }
}

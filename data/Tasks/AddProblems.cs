using ActorTrain.Data.Plan;
using ActorTrain.Models.Randomness;

namespace ActorTrain.Data.Tasks;

/// <summary>Add modulo 100: <c>add 58+67:</c> is <c>25</c>.</summary>
internal sealed class AddProblems(ulong seed) : IProblems
{
    private const int Modulus = 100;

    private readonly EpochPermutation order = new(SplitMix64.Scatter(seed, (ulong)TaskUse.Order), 0, Modulus * Modulus);

    public long Count => Modulus * Modulus;

    public string Reward => "number";

    public string Alphabet => SortProblems.Digits;

    public Problem this[long position]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(position);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(position, Count);
            var (a, b) = Math.DivRem(order[position], Modulus);
            return new Problem($"add {a}+{b}:", $"{(a + b) % Modulus}");
        }
    }
}

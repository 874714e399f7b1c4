using ActorTrain.Data.Plan;
using ActorTrain.Models.Randomness;

namespace ActorTrain.Data.Tasks;

/// <summary>Numbers problems of several lengths, such that each length is equally frequent and each problem occurs once.</summary>
/// <remarks>Lengths take turns; those of one length are in the order of a permutation.</remarks>
internal sealed class LengthClasses
{
    private readonly int shortest;
    private readonly EpochPermutation[] orders;

    /// <param name="sizes">The number of problems of each length, beginning with the shortest.</param>
    public LengthClasses(ulong seed, int shortest, IReadOnlyList<long> sizes)
    {
        this.shortest = shortest;
        orders = [.. sizes.Select((size, i) =>
            new EpochPermutation(SplitMix64.Scatter(seed, (ulong)TaskUse.Order), shortest + i, size))];
        Count = sizes.Count * sizes.Min();
    }

    /// <summary>Problems, until those of one length are used up.</summary>
    public long Count { get; }

    /// <summary>The number of a problem among those of its length.</summary>
    public (int Length, long Index) this[long position]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(position);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(position, Count);
            var (turn, i) = Math.DivRem(position, orders.Length);
            return (shortest + (int)i, orders[i][turn]);
        }
    }
}

/// <summary>Texts of 4 to 8 characters of an alphabet.</summary>
internal sealed class ShortTexts(ulong seed, string alphabet)
{
    private const int Shortest = 4, Lengths = 5;

    private readonly LengthClasses classes = new(
        seed, Shortest, [.. Enumerable.Range(Shortest, Lengths).Select(length => Enumerable.Repeat((long)alphabet.Length, length)
            .Aggregate(static (product, characters) => product * characters))]);

    public long Count => classes.Count;

    public string this[long position]
    {
        get
        {
            var (length, index) = classes[position];
            var text = new char[length];
            for (var i = 0; i < length; i++)
                (index, text[i]) = (index / alphabet.Length, alphabet[(int)(index % alphabet.Length)]);
            return new string(text);
        }
    }
}

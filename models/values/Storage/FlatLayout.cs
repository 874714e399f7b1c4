namespace ActorTrain.Models.Storage;

/// <summary>One parameter's place in the flat vector.</summary>
/// <param name="Name">Its dotted name in the model, such as <c>blocks.0.mlp.up.weight</c>.</param>
/// <param name="Shape">Its shape; matrices are <c>[out, in]</c>.</param>
/// <param name="Offset">Where it begins, in elements.</param>
/// <param name="Decays">Whether weight decay applies to it: true for matrices, false for biases and norms.</param>
public sealed record FlatEntry(string Name, IReadOnlyList<long> Shape, long Offset, bool Decays)
{
    public long Count => Shape.Aggregate(1L, static (product, size) => checked(product * size));
}

/// <summary>Where every parameter stands in the one contiguous vector that holds them all.</summary>
/// <remarks>Each entry begins on a 64-byte boundary (a multiple of 16 elements of 4 bytes), so gaps of at most 15 unused elements,
/// always zero, stand between entries. The same layout serves parameters, gradients and both optimizer moments.</remarks>
public sealed class FlatLayout
{
    private const long Alignment = 16;

    private FlatLayout(IReadOnlyList<FlatEntry> entries, long length)
    {
        Entries = entries;
        Length = length;
    }

    /// <summary>The parameters in the order in which they stand.</summary>
    public IReadOnlyList<FlatEntry> Entries { get; }

    /// <summary>Number of elements of the flat vector, gaps included.</summary>
    public long Length { get; }

    /// <summary>Number of parameters' elements, without gaps.</summary>
    public long ParameterCount => Entries.Sum(static entry => entry.Count);

    /// <summary>Lays parameters out one after another in the order given.</summary>
    public static FlatLayout Of(IEnumerable<(string Name, IReadOnlyList<long> Shape)> parameters)
    {
        var entries = new List<FlatEntry>();
        long offset = 0;
        foreach (var (name, shape) in parameters)
        {
            var entry = new FlatEntry(name, shape, offset, Decays: shape.Count >= 2);
            entries.Add(entry);
            offset = (offset + entry.Count + Alignment - 1) / Alignment * Alignment;
        }

        return new FlatLayout(entries, offset);
    }
}

using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace ActorTrain.Models.Storage;

/// <summary>One parameter's place in the flat vector.</summary>
/// <param name="Name">Such as <c>blocks.0.mlp.up.weight</c>.</param>
/// <param name="Shape">Matrices are <c>[out, in]</c>.</param>
/// <param name="Offset">In elements.</param>
/// <param name="Decays">Whether weight decay applies: true for matrices, false for biases and norms.</param>
public sealed record FlatEntry(string Name, IReadOnlyList<long> Shape, long Offset, bool Decays)
{
    public long Count => Shape.Aggregate(1L, static (product, size) => checked(product * size));
}

/// <summary>The places of all parameters in one contiguous vector.</summary>
/// <remarks>Each entry begins on a 64-byte boundary (a multiple of 16 elements of 4 bytes), so gaps of at most 15 unused elements, always
/// zero, are between entries. Parameters, gradients and both optimizer moments have the same layout.</remarks>
public sealed class FlatLayout
{
    private const long Alignment = 16;

    private FlatLayout(IReadOnlyList<FlatEntry> entries, long length)
    {
        Entries = entries;
        Length = length;
    }

    /// <summary>In order of offset.</summary>
    public IReadOnlyList<FlatEntry> Entries { get; }

    /// <summary>Elements of the flat vector, gaps included.</summary>
    public long Length { get; }

    /// <summary>Elements of all parameters, without gaps.</summary>
    public long ParameterCount => Entries.Sum(static entry => entry.Count);

    /// <summary>Equal for equal names, shapes and places: 64-bit XXH3.</summary>
    public ulong Hash
    {
        get
        {
            var hash = new XxHash3();
            foreach (var entry in Entries)
            {
                hash.Append(Encoding.UTF8.GetBytes(entry.Name));
                foreach (var number in (IEnumerable<long>)[-1, .. entry.Shape, -1, entry.Offset])
                    Append(number);
            }

            Append(Length);
            return hash.GetCurrentHashAsUInt64();

            void Append(long number)
            {
                Span<byte> bytes = stackalloc byte[sizeof(long)];
                BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
                hash.Append(bytes);
            }
        }
    }

    /// <summary>The layout of a range: what of each entry is in it, as a vector.</summary>
    /// <param name="offset">A multiple of the alignment, in elements.</param>
    /// <param name="first">Number of the entry that the range's first is a part of.</param>
    public FlatLayout Slice(long offset, long length, out int first)
    {
        var parts = new List<FlatEntry>();
        first = -1;
        for (var i = 0; i < Entries.Count; i++)
        {
            var entry = Entries[i];
            var (from, end) = (Math.Max(offset, entry.Offset), Math.Min(offset + length, entry.Offset + entry.Count));
            if (from >= end)
                continue;
            first = first < 0 ? i : first;
            parts.Add(entry with { Shape = [end - from], Offset = from - offset });
        }

        return new FlatLayout(parts, length);
    }

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

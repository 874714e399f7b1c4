using System.Buffers.Binary;
using System.Text;

namespace ActorTrain.Models.Runtime;

/// <summary>A symbol version that a library requires of another one.</summary>
/// <param name="Library">The library that should define it, such as <c>libstdc++.so.6</c>.</param>
/// <param name="Name">Such as <c>GLIBCXX_3.4.32</c>.</param>
/// <param name="IsWeak">Whether the library also loads without it.</param>
/// <param name="FlagsAt">Byte position of its <c>vna_flags</c> in the file.</param>
public sealed record NeededVersion(string Library, string Name, bool IsWeak, IReadOnlyList<string> Symbols, int FlagsAt);

/// <summary>The symbol versions of an x86-64 shared library, from its ELF sections.</summary>
/// <remarks>Layouts: System V ABI for sections and symbols; "Linux Standard Base, Symbol Versioning" for <c>.gnu.version*</c>.</remarks>
public sealed class ElfLibrary
{
    private const ushort Weak = 2;
    private const uint DynamicSymbols = 11, DefinedVersions = 0x6ffffffd, NeededVersions = 0x6ffffffe, SymbolVersions = 0x6fffffff;
    private const int HeaderSize = 64, SectionSize = 64, SymbolSize = 24;
    private readonly byte[] bytes;

    private ElfLibrary(byte[] bytes)
    {
        this.bytes = bytes;
        Defined = [.. ReadDefined()];
        Needed = [.. ReadNeeded()];
    }

    public IReadOnlyList<string> Defined { get; }

    public IReadOnlyList<NeededVersion> Needed { get; }

    /// <exception cref="InvalidDataException">The file is not a shared library of this platform, or is truncated.</exception>
    public static ElfLibrary Read(string path)
    {
        var bytes = File.ReadAllBytes(path);
        if (bytes.Length < HeaderSize || !bytes.AsSpan(0, 6)
            .SequenceEqual((ReadOnlySpan<byte>)[0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1]))
            throw new InvalidDataException($"{path} is not a 64-bit ELF library.");
        try
        {
            return new ElfLibrary(bytes);
        }
        catch (ArgumentOutOfRangeException exception)
        {
            throw new InvalidDataException($"{path} is truncated: its section tables point beyond its {bytes.Length} bytes.", exception);
        }
    }

    public byte[] WithWeak(IEnumerable<NeededVersion> versions)
    {
        var copy = bytes.ToArray();
        foreach (var version in versions)
            BinaryPrimitives.WriteUInt16LittleEndian(copy.AsSpan(version.FlagsAt), (ushort)(UInt16(version.FlagsAt) | Weak));
        return copy;
    }

    private IEnumerable<string> ReadDefined()
    {
        // Verdef: version, flags, index, count (2 bytes each), hash, offset of names, offset of the next (4 bytes each).
        foreach (var section in Sections(DefinedVersions))
        {
            foreach (var at in Chain(section, nextAt: 16))
                yield return Text(section.Strings, Int32(at + Int32(at + 12)));
        }
    }

    private IEnumerable<NeededVersion> ReadNeeded()
    {
        var symbols = SymbolsByVersion();

        // Verneed: version, count (2 bytes each), file, offset of versions, offset of the next (4 bytes each).
        // Vernaux: hash (4), flags (2), index (2), name, offset of the next (4 bytes each).
        foreach (var section in Sections(NeededVersions))
        {
            foreach (var at in Chain(section, nextAt: 12))
            {
                var library = Text(section.Strings, Int32(at + 4));
                foreach (var version in Chain(section with { At = at + Int32(at + 8) }, nextAt: 12))
                {
                    yield return new NeededVersion(
                        library, Text(section.Strings, Int32(version + 8)), (UInt16(version + 4) & Weak) != 0,
                            [.. symbols[UInt16(version + 6)]], version + 4);
                }
            }
        }
    }

    private ILookup<ushort, string> SymbolsByVersion()
    {
        var pairs = new List<(ushort Version, string Symbol)>();
        foreach (var (versions, symbols) in Sections(SymbolVersions).Zip(Sections(DynamicSymbols)))
        {
            for (var i = 0; i < symbols.Size / SymbolSize; i++)
                pairs.Add((UInt16(versions.At + (2 * i)), Text(symbols.Strings, Int32(symbols.At + (SymbolSize * i)))));
        }

        return pairs.ToLookup(static pair => pair.Version, static pair => pair.Symbol);
    }

    // Entries contain the distance to the next one, 0 in the last.
    private IEnumerable<int> Chain(Section section, int nextAt)
    {
        var at = section.At;
        yield return at;
        while (Int32(at + nextAt) is > 0 and var distance)
            yield return at += distance;
    }

    private IEnumerable<Section> Sections(uint type)
    {
        var (table, count) = (checked((int)Int64(40)), UInt16(60));
        for (var i = 0; i < count; i++)
        {
            var header = table + (SectionSize * i);
            if ((uint)Int32(header + 4) == type)
                yield return new Section(Offset(header), checked((int)Int64(header + 32)),
                    Offset(table + (SectionSize * Int32(header + 40))));
        }
    }

    private int Offset(int header) => checked((int)Int64(header + 24));

    private string Text(int strings, int offset)
    {
        var text = bytes.AsSpan(strings + offset);
        return Encoding.UTF8.GetString(text[..text.IndexOf((byte)0)]);
    }

    private ushort UInt16(int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(at));

    private int Int32(int at) => BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(at));

    private long Int64(int at) => BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(at));

    private readonly record struct Section(int At, int Size, int Strings);
}

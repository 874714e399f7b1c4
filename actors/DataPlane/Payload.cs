using System.Buffers.Binary;
using System.Text;
using ActorTrain.Models.Storage;

namespace ActorTrain.Actors.DataPlane;

/// <summary>Writes the payload of a control frame: numbers, little endian, and a text at the end.</summary>
internal sealed class PayloadWriter
{
    private readonly List<byte> bytes = [];

    public PayloadWriter Add(long number)
    {
        Span<byte> word = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(word, number);
        bytes.AddRange(word);
        return this;
    }

    public PayloadWriter Add(ulong number) => Add(unchecked((long)number));

    /// <summary>A place in shared memory; null for none.</summary>
    public PayloadWriter Add(SharedPlace? place)
    {
        var (process, descriptor, length, key, otherKey) = place ?? default;
        return Add(process).Add(descriptor).Add(length).Add(key).Add(otherKey);
    }

    public PayloadWriter Add(FlatChecksum checksum)
    {
        foreach (var block in checksum.Blocks)
            Add(block);
        return this;
    }

    public PayloadWriter Add(IEnumerable<ulong> words)
    {
        foreach (var word in words)
            Add(word);
        return this;
    }

    public PayloadWriter Add(string text)
    {
        bytes.AddRange(Encoding.UTF8.GetBytes(text));
        return this;
    }

    public byte[] Bytes => [.. bytes];
}

/// <summary>Reads the payload of a control frame.</summary>
internal ref struct PayloadReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> rest = bytes;

    /// <exception cref="FrameException">There is no more.</exception>
    public long Number()
    {
        if (rest.Length < sizeof(long))
            throw new FrameException("A frame ends before its last number.");
        var number = BinaryPrimitives.ReadInt64LittleEndian(rest);
        rest = rest[sizeof(long)..];
        return number;
    }

    public ulong Unsigned() => unchecked((ulong)Number());

    public readonly bool IsAtEnd => rest.IsEmpty;

    /// <exception cref="FrameException">There are fewer.</exception>
    public ulong[] Words(long count)
    {
        var words = new ulong[count];
        for (var i = 0; i < words.Length; i++)
            words[i] = Unsigned();
        return words;
    }

    public SharedPlace? Place()
    {
        var place = new SharedPlace(unchecked((int)Number()), unchecked((int)Number()), Number(), Unsigned(), Unsigned());
        return place.Length == 0 ? null : place;
    }

    /// <exception cref="FrameException">It is of a vector of another length.</exception>
    public FlatChecksum Checksum(int blocks)
    {
        var sums = new ulong[blocks];
        for (var i = 0; i < blocks; i++)
            sums[i] = Unsigned();
        End();
        return new FlatChecksum(sums);
    }

    public string Text()
    {
        var text = Encoding.UTF8.GetString(rest);
        rest = [];
        return text;
    }

    /// <summary>All numbers that are left.</summary>
    public long[] Numbers()
    {
        var numbers = new long[rest.Length / sizeof(long)];
        for (var i = 0; i < numbers.Length; i++)
            numbers[i] = Number();
        End();
        return numbers;
    }

    public readonly void End()
    {
        if (!rest.IsEmpty)
            throw new FrameException($"A frame has {rest.Length} bytes after its last number.");
    }
}

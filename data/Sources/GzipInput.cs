namespace ActorTrain.Data.Sources;

/// <summary>A gzip file as its decompression reads it, which ends without a word where no further member begins.</summary>
/// <remarks>Its last bytes are given one by one, so that at most one is taken beyond the end of the last member.</remarks>
internal sealed class GzipInput : InputStream
{
    // More than a decompression asks for at once.
    private const int LastBytes = 1 << 16;

    private readonly InterruptibleFile file;
    private readonly long singly;
    private bool isExhausted;

    public GzipInput(InterruptibleFile file)
    {
        this.file = file;
        singly = EndWithoutZeros() - LastBytes;
        file.Position = 0;
    }

    /// <summary>Where the first byte but zero stands that the decompression left; null where there is none.</summary>
    public long? FirstLeft()
    {
        // Where it did not ask for more, the last byte that it got was none of gzip.
        if (!isExhausted)
            file.Position = Math.Max(0, file.Position - 1);
        Span<byte> rest = stackalloc byte[4096];
        for (var at = file.Position; file.Read(rest) is var count and > 0; at += count)
        {
            if (rest[..count].IndexOfAnyExcept((byte)0) is var other and >= 0)
                return at + other;
        }

        return null;
    }

    public override int Read(Span<byte> buffer)
    {
        var count = file.Read(buffer[..(int)Math.Min(buffer.Length, Math.Max(1, singly - file.Position))]);
        isExhausted |= count == 0;
        return count;
    }

    private long EndWithoutZeros()
    {
        var block = new byte[LastBytes];
        for (var end = file.Length; end > 0;)
        {
            var part = block.AsSpan(0, (int)Math.Min(block.Length, end));
            file.Position = end - part.Length;
            file.ReadExactly(part);
            if (part.LastIndexOfAnyExcept((byte)0) is var last and >= 0)
                return end - part.Length + last + 1;
            end -= part.Length;
        }

        return 0;
    }
}

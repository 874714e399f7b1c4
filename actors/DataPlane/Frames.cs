namespace ActorTrain.Actors.DataPlane;

/// <summary>Reads the frames of one direction of a connection, each as a header and then its payload.</summary>
/// <param name="stream">Read into the caller's memory without a buffer between. Not owned.</param>
internal sealed class FrameReader(Stream stream)
{
    private readonly byte[] bytes = new byte[FrameHeader.Size];
    private ulong next;

    /// <summary>Whose frames are read, once that is known; others are refused.</summary>
    public (long Term, long Generation)? Of { get; set; }

    /// <summary>The next header, whose payload must be read before another; null at the end.</summary>
    /// <exception cref="FrameException">What follows is no frame that fits.</exception>
    public FrameHeader? Next()
    {
        var isKnown = false;
        for (var done = 0; done < bytes.Length;)
        {
            var count = stream.Read(bytes, done, bytes.Length - done);
            if (count == 0)
                return done == 0 ? null : throw Cut();
            done += count;
            if (!isKnown && done >= FrameHeader.Signature)
            {
                FrameHeader.CheckSignature(bytes);
                isKnown = true;
            }
        }

        var header = FrameHeader.Read(bytes);
        if (header.Sequence != next)
            throw new FrameException($"Frame {header.Sequence} came in the place of frame {next}.");
        if (Of is var (term, generation) && (header.Term != term || header.Generation != generation))
        {
            throw new FrameException(header.Term != term ? $"A frame is of term {header.Term}, and this is term {term}."
                : $"A frame is of connection {header.Generation}, and this is connection {generation}.");
        }

        next++;
        return header;
    }

    /// <summary>Reads the payload of the last header.</summary>
    /// <param name="into">Of its length.</param>
    /// <returns>False if it has another checksum than when it was sent.</returns>
    /// <exception cref="FrameException">It is cut off.</exception>
    public bool Payload(in FrameHeader header, Span<byte> into)
    {
        for (var rest = into; !rest.IsEmpty;)
        {
            var count = stream.Read(rest);
            if (count == 0)
                throw Cut();
            rest = rest[count..];
        }

        return FrameHeader.ChecksumOf(into) == header.PayloadChecksum;
    }

    private static FrameException Cut() => new("The connection ended in the middle of a frame.");
}

/// <summary>Writes the frames of one direction of a connection.</summary>
/// <param name="stream">Not owned.</param>
internal sealed class FrameWriter(Stream stream)
{
    // What is shorter is sent together with its header.
    private const int Short = 16 << 10;
    private readonly byte[] bytes = new byte[FrameHeader.Size + Short];
    private ulong next;

    /// <summary>Who writes; in every header from now on.</summary>
    public (long Term, long Generation) Of { get; set; }

    public void Write(FrameHeader header, ReadOnlySpan<byte> payload)
    {
        header = header with
        {
            Sequence = next++,
            Term = Of.Term,
            Generation = Of.Generation,
            PayloadLength = payload.Length,
            PayloadChecksum = FrameHeader.ChecksumOf(payload),
        };
        header.Write(bytes);
        var isShort = payload.Length <= Short;
        if (isShort)
            payload.CopyTo(bytes.AsSpan(FrameHeader.Size));
        stream.Write(bytes, 0, isShort ? FrameHeader.Size + payload.Length : FrameHeader.Size);
        if (!isShort)
            stream.Write(payload);
    }
}

using System.Buffers.Binary;

namespace ActorTrain.Actors.ControlPlane;

/// <summary>The format of the control plane: each side first sends what identifies it, and then frames, each after its length.</summary>
internal static class ControlFrames
{
    /// <summary>Bytes before the content of a frame: its length, little endian.</summary>
    public const int HeaderSize = sizeof(int);

    private const byte Version = 1;

    // The first byte of a TLS handshake.
    private const byte Tls = 0x16;

    private static readonly byte[] Preface = [.. "ATCP"u8, Version, 0, 0, 0];

    public static ValueTask SendPreface(Stream stream, CancellationToken cancellation) => stream.WriteAsync(Preface, cancellation);

    /// <exception cref="ControlLinkException">The other side says something else.</exception>
    public static async Task ReceivePreface(Stream stream, CancellationToken cancellation)
    {
        var bytes = new byte[Preface.Length];
        for (var done = 0; done < bytes.Length;)
        {
            var count = await stream.ReadAsync(bytes.AsMemory(done), cancellation).ConfigureAwait(false);
            if (count == 0)
                throw new ControlLinkException("The connection was closed before it began.");
            done += count;
            if (bytes[0] == Tls)
                throw new ControlLinkException("It begins with a TLS handshake, but this side has no certificates (nodes.certificates).");
            if (!bytes.AsSpan(0, Math.Min(done, 4)).SequenceEqual(Preface.AsSpan(0, Math.Min(done, 4))))
                throw new ControlLinkException("What was sent is not the protocol of the control plane.");
        }

        if (bytes[4] != Version)
            throw new ControlLinkException($"It speaks version {bytes[4]} of the control plane; this is version {Version}.");
    }

    /// <summary>Reads the next frame; null at the end.</summary>
    /// <param name="longest">Bytes of its content, at most.</param>
    /// <exception cref="ControlLinkException">It is empty, too long, or cut off.</exception>
    public static async Task<byte[]?> Read(Stream stream, long longest, CancellationToken cancellation)
    {
        var header = new byte[HeaderSize];
        if (await stream.ReadAtLeastAsync(header, HeaderSize, throwOnEndOfStream: false, cancellation).ConfigureAwait(false)
            is var count && count < HeaderSize)
            return count == 0 ? null : throw Cut();
        var length = BinaryPrimitives.ReadInt32LittleEndian(header);
        if (length <= 0 || length > longest)
            throw new ControlLinkException($"A frame of {length} bytes is not between 1 and {longest}.");
        var content = new byte[length];
        return await stream.ReadAtLeastAsync(content, length, throwOnEndOfStream: false, cancellation).ConfigureAwait(false) == length
            ? content : throw Cut();
    }

    private static ControlLinkException Cut() => new("The connection ended in the middle of a frame.");
}

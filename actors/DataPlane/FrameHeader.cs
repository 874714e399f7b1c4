using System.Buffers.Binary;
using System.IO.Hashing;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Lanes;

namespace ActorTrain.Actors.DataPlane;

/// <summary>What stands before the payload of every frame: <see cref="Size"/> bytes, little endian. The table is in
/// docs/formats.md.</summary>
internal readonly record struct FrameHeader(FrameKind Kind)
{
    public const int Size = 120;

    /// <summary>Bytes of a payload, at most; longer ranges are cut into pieces.</summary>
    public const int LongestPayload = 1 << 20;

    /// <summary>Bytes after which it is known whether the sender speaks this format.</summary>
    public const int Signature = 6;

    private const uint Magic = 0x50445441; // "ATDP"
    private const ushort Version = 1;
    private const int ChecksumAt = Size - sizeof(ulong);

    /// <summary>Of the frames of one direction of a connection, from 0 without gaps.</summary>
    public ulong Sequence { get; init; }

    /// <summary>Of a request, repeated in its answer; 0 where none is expected.</summary>
    public ulong Number { get; init; }

    public long Term { get; init; }

    /// <summary>Number of the connection: see <see cref="DataPlaneNode.Connection"/>.</summary>
    public long Generation { get; init; }

    public Round Round { get; init; }

    public LaneBlock Block { get; init; }

    /// <summary>Of a snapshot: its slot, or the number of one of its vectors.</summary>
    public int Slot { get; init; }

    public int PayloadLength { get; init; }

    /// <summary>In bytes.</summary>
    public long Offset { get; init; }

    /// <summary>Of a range, in bytes.</summary>
    public long Length { get; init; }

    /// <summary>What was opened or announced.</summary>
    public ulong Handle { get; init; }

    /// <summary>A hash, or what is answered.</summary>
    public ulong Value { get; init; }

    /// <summary>64-bit XXH3 of the payload.</summary>
    public ulong PayloadChecksum { get; init; }

    public static ulong ChecksumOf(ReadOnlySpan<byte> bytes) => XxHash3.HashToUInt64(bytes);

    public void Write(Span<byte> to)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(to, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(to[4..], Version);
        BinaryPrimitives.WriteUInt16LittleEndian(to[6..], (ushort)Kind);
        BinaryPrimitives.WriteUInt64LittleEndian(to[8..], Sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(to[16..], Number);
        BinaryPrimitives.WriteInt64LittleEndian(to[24..], Term);
        BinaryPrimitives.WriteInt64LittleEndian(to[32..], Generation);
        BinaryPrimitives.WriteInt64LittleEndian(to[40..], Round.Number);
        BinaryPrimitives.WriteInt64LittleEndian(to[48..], Round.Step);
        BinaryPrimitives.WriteInt32LittleEndian(to[56..], Block.First);
        BinaryPrimitives.WriteInt32LittleEndian(to[60..], Block.Count);
        BinaryPrimitives.WriteInt32LittleEndian(to[64..], Slot);
        BinaryPrimitives.WriteInt32LittleEndian(to[68..], PayloadLength);
        BinaryPrimitives.WriteInt64LittleEndian(to[72..], Offset);
        BinaryPrimitives.WriteInt64LittleEndian(to[80..], Length);
        BinaryPrimitives.WriteUInt64LittleEndian(to[88..], Handle);
        BinaryPrimitives.WriteUInt64LittleEndian(to[96..], Value);
        BinaryPrimitives.WriteUInt64LittleEndian(to[104..], PayloadChecksum);
        BinaryPrimitives.WriteUInt64LittleEndian(to[ChecksumAt..], ChecksumOf(to[..ChecksumAt]));
    }

    /// <exception cref="FrameException">The bytes are no header.</exception>
    public static FrameHeader Read(ReadOnlySpan<byte> from)
    {
        CheckSignature(from);
        if (BinaryPrimitives.ReadUInt64LittleEndian(from[ChecksumAt..]) != ChecksumOf(from[..ChecksumAt]))
            throw new FrameException("The header of a frame has another checksum than when it was written.");
        var kind = (FrameKind)BinaryPrimitives.ReadUInt16LittleEndian(from[6..]);
        if (!Enum.IsDefined(kind))
            throw new FrameException($"There is no frame of kind {(ushort)kind}.");
        var length = BinaryPrimitives.ReadInt32LittleEndian(from[68..]);
        if (length is < 0 or > LongestPayload)
            throw new FrameException($"A frame of {length} bytes is longer than {LongestPayload}.");
        return new FrameHeader(kind)
        {
            Sequence = BinaryPrimitives.ReadUInt64LittleEndian(from[8..]),
            Number = BinaryPrimitives.ReadUInt64LittleEndian(from[16..]),
            Term = BinaryPrimitives.ReadInt64LittleEndian(from[24..]),
            Generation = BinaryPrimitives.ReadInt64LittleEndian(from[32..]),
            Round = new Round(BinaryPrimitives.ReadInt64LittleEndian(from[40..]), BinaryPrimitives.ReadInt64LittleEndian(from[48..])),
            Block = new LaneBlock(BinaryPrimitives.ReadInt32LittleEndian(from[56..]), BinaryPrimitives.ReadInt32LittleEndian(from[60..])),
            Slot = BinaryPrimitives.ReadInt32LittleEndian(from[64..]),
            PayloadLength = length,
            Offset = BinaryPrimitives.ReadInt64LittleEndian(from[72..]),
            Length = BinaryPrimitives.ReadInt64LittleEndian(from[80..]),
            Handle = BinaryPrimitives.ReadUInt64LittleEndian(from[88..]),
            Value = BinaryPrimitives.ReadUInt64LittleEndian(from[96..]),
            PayloadChecksum = BinaryPrimitives.ReadUInt64LittleEndian(from[104..]),
        };
    }

    /// <exception cref="FrameException">The first bytes are of another format.</exception>
    public static void CheckSignature(ReadOnlySpan<byte> from)
    {
        if (BinaryPrimitives.ReadUInt32LittleEndian(from) != Magic)
            throw new FrameException("What was sent is no frame of the data plane.");
        if (BinaryPrimitives.ReadUInt16LittleEndian(from[4..]) is var version && version != Version)
            throw new FrameException($"A frame is of version {version} of the data plane; this is version {Version}.");
    }
}

using ActorTrain.Actors.Reduction;
using ActorTrain.Actors.Snapshots;
using ActorTrain.Models.Storage;

namespace ActorTrain.Actors.DataPlane;

/// <summary>Vectors that the server holds for a node: a total, the vectors of a snapshot, or bytes of its own. Each range that is being
/// sent holds them, too.</summary>
/// <param name="addresses">Of the vectors.</param>
/// <param name="length">Bytes of each.</param>
/// <param name="end">Lets go of them.</param>
internal sealed class OpenedVectors(nint[] addresses, long length, Action end)
{
    private int users = 1;
    private Action end = end;

    /// <summary>Of a snapshot that is being written.</summary>
    public SnapshotWriter? Writer { get; private set; }

    public static OpenedVectors Of(GradientLease total, long length) => new([total.Address], length, total.Dispose);

    /// <param name="content">Owned from now on.</param>
    public static OpenedVectors Of(HostBuffer content) => new([content.Address], content.Length, content.Dispose);

    public static OpenedVectors Of(SnapshotReader reader) =>
        new(Addresses(reader.Vectors), reader.Weights.Length, reader.Dispose);

    public static OpenedVectors Of(SnapshotWriter writer) =>
        new(Addresses(writer.Vectors), writer.Weights.Length, writer.Dispose) { Writer = writer };

    /// <summary>The address of a range.</summary>
    /// <exception cref="FrameException">There is no such range.</exception>
    public nint Range(in FrameHeader header, long count)
    {
        if (header.Slot < 0 || header.Slot >= addresses.Length || count is < 1 or > FrameHeader.LongestPayload || header.Offset < 0
            || header.Offset > length - count)
            throw new FrameException($"There are no {count} bytes at {header.Offset} of vector {header.Slot}.");
        return addresses[header.Slot] + (nint)header.Offset;
    }

    public OpenedVectors Share()
    {
        Interlocked.Increment(ref users);
        return this;
    }

    public void Release()
    {
        if (Interlocked.Decrement(ref users) == 0)
            end();
    }

    /// <summary>Marks the slot that is being written as filled; nothing is written after that.</summary>
    /// <exception cref="FrameException">Nothing is being written.</exception>
    public bool Complete(ulong hash)
    {
        var writer = Writer ?? throw new FrameException("No slot is being filled under this handle.");
        Writer = null;
        return writer.Complete(hash);
    }

    /// <summary>Marks a part of the slot that is being written as filled; nothing is written after that.</summary>
    /// <exception cref="FrameException">Nothing is being written.</exception>
    public bool Complete(IReadOnlyList<(long Offset, StateBlocks Blocks)> ranges, out ulong? whole)
    {
        var writer = Writer ?? throw new FrameException("No slot is being filled under this handle.");
        Writer = null;
        return writer.Complete(ranges, out whole);
    }

    /// <summary>Releases what a node that is gone may still write to.</summary>
    public void Abandon()
    {
        if (Writer is { } writer)
            end = writer.Abandon;
        Release();
    }

    private static nint[] Addresses(SnapshotVectors vectors) =>
        [vectors.Weights.Address, vectors.FirstMoment.Address, vectors.SecondMoment.Address];
}

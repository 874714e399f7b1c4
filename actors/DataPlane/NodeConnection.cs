using ActorTrain.Actors.Reduction;
using ActorTrain.Actors.Snapshots;
using ActorTrain.Models.Kernels;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Storage;
using Microsoft.Extensions.Logging;

namespace ActorTrain.Actors.DataPlane;

/// <summary>The server's side of an admitted node: answers its requests, and holds what was opened for it.</summary>
/// <remarks>Requests are handled on the thread that reads the connection; none waits. Vectors to be copied are pulled on another.</remarks>
internal sealed class NodeConnection : IFrameHandler
{
    // Totals and snapshots that the trainers of one node read or write at a time.
    private const int MostOpened = 1024;
    private readonly FrameLink link;
    private readonly ServedVectors served;
    private readonly NodeArena? arena;
    private readonly NodePublications? publications;
    private readonly Dictionary<ulong, OpenedVectors> opened = [];
    private ulong handle;

    /// <param name="arena">Of the node; null if its vectors are to be pulled. Owned from now on.</param>
    /// <param name="capacity">Vectors of the node.</param>
    public NodeConnection(DataPlaneNode node, FrameLink link, ServedVectors served, NodeArena? arena, int capacity, ILogger logger)
    {
        (Node, this.link, this.served, this.arena) = (node, link, served, arena);
        if (arena is null)
            publications = new NodePublications(link, served.Transport, capacity, $"node-{node.Name}", logger);
    }

    public DataPlaneNode Node { get; }

    /// <summary>Whether it may host trainers: else it only reads.</summary>
    public bool MayTrain { get; init; } = true;

    /// <summary>Set when all that was held for the node is free.</summary>
    public ManualResetEventSlim HasEnded { get; } = new(false);

    public void Close(string reason) => link.Close(reason);

    /// <summary>Serves the node until its connection ends.</summary>
    /// <returns>Why it ended.</returns>
    public string Run()
    {
        link.Run(this);
        publications?.End();
        foreach (var vectors in opened.Values)
            vectors.Abandon();
        opened.Clear();
        arena?.Leave();
        return link.Reason!;
    }

    public nint Target(in FrameHeader header) => header.Kind is not FrameKind.Store ? 0
        : Opened(header) is { Writer: not null } vectors ? vectors.Range(header, header.PayloadLength)
        : throw new FrameException("What is open under this handle cannot be written.");

    public void Handle(in FrameHeader header, ReadOnlySpan<byte> payload, bool isIntact)
    {
        if (!MayTrain && header.Kind is FrameKind.Publish or FrameKind.PublishWeights or FrameKind.WriteSnapshot)
            throw new FrameException($"The certificate of {Node.Name} is not for a node that hosts trainers.");
        switch (header.Kind)
        {
            case FrameKind.Publish:
                Publish(header, new PayloadReader(payload).Checksum(served.Blocks));
                break;
            case FrameKind.Holds:
                link.Answer(header, served.Transport.Holds(header.Round, Block(header)) ? Ranges.Done : Ranges.Refused);
                break;
            case FrameKind.PublishWeights:
                PublishWeights(header, payload);
                break;
            case FrameKind.Total:
                Open(header, served.Transport.Total(header.Round));
                break;
            case FrameKind.Weights:
                Open(header, served.Transport.Weights(header.Round));
                break;
            case FrameKind.ReadSnapshot:
                ReadSnapshot(header);
                break;
            case FrameKind.ReadExperience:
                ReadExperience(header, new PayloadReader(payload).Numbers());
                break;
            case FrameKind.WriteSnapshot:
                WriteSnapshot(header);
                break;
            case FrameKind.CompleteSnapshot:
                CompleteSnapshot(header, payload);
                break;
            case FrameKind.Release:
                Opened(header).Release();
                opened.Remove(header.Handle);
                break;
            case FrameKind.Pull:
                Pull(header);
                break;
            case FrameKind.Store:
                link.Answer(header, isIntact ? Ranges.Done : Ranges.Damaged);
                break;
            default:
                throw new FrameException($"A node sends no frame {header.Kind}.");
        }
    }

    private void Publish(in FrameHeader header, FlatChecksum checksum)
    {
        var block = Block(header);
        if (arena is null)
        {
            publications!.Add(header, checksum);
            return;
        }

        var (offset, to, from) = (header.Offset, link, arena);
        var isPublished = served.Transport.Publish(header.Round, block, arena.Hold(offset), checksum, () =>
        {
            from.Free(offset);
            to.Post(new Outgoing(new FrameHeader(FrameKind.Freed) { Offset = offset }));
        });
        link.Answer(header, isPublished ? Ranges.Done : Ranges.Refused);
    }

    private void PublishWeights(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        if (header.Slot < 0 || header.Slot >= served.Transport.Shards.Count)
            throw new FrameException($"There is no shard {header.Slot}.");
        var shard = served.Transport.Shards[header.Slot];
        var checksum = new PayloadReader(payload).Checksum(FlatSums.BlocksOf(shard.Count));
        if (arena is null)
        {
            publications!.Add(header, checksum);
            return;
        }

        var weights = arena.Hold(header.Offset);
        var isPublished = served.Transport.PublishWeights(header.Round, shard, weights.Address() + shard.ByteOffset, checksum);
        arena.Free(header.Offset);
        link.Post(new Outgoing(new FrameHeader(FrameKind.Freed) { Offset = header.Offset }));
        link.Answer(header, isPublished ? Ranges.Done : Ranges.Refused);
    }

    private void Open(in FrameHeader header, GradientLease? vector)
    {
        if (vector is not { } total)
        {
            link.Answer(header, Ranges.Refused);
            return;
        }

        var found = arena is null ? null : served.Find(total.Address);
        var payload = new PayloadWriter().Add(found?.Place).Add(total.Checksum!).Bytes;
        Answer(header, OpenedVectors.Of(total, served.Length * sizeof(float)), new FrameHeader { Offset = found?.Offset ?? 0 }, payload);
    }

    private void ReadSnapshot(in FrameHeader header)
    {
        if (served.Snapshots.Read(Slot(header)) is not { } reader)
        {
            link.Answer(header, Ranges.Refused);
            return;
        }

        var payload = new PayloadWriter().Add(reader.Step).Add(reader.Hash).Add(arena is null ? null : reader.Vectors.Shared?.Place).Bytes;
        Answer(header, OpenedVectors.Of(reader), default, payload);
    }

    private void ReadExperience(in FrameHeader header, long[] positions)
    {
        if (served.Experiences?.Find(positions) is not { } found)
        {
            link.Answer(header, Ranges.Refused);
            return;
        }

        var payload = new PayloadWriter().Add(found.Hash).Add(found.IsOnPolicy ? 1L : 0L);
        if (found.Hash == header.Value)
        {
            link.Answer(header, Ranges.Done, default, payload.Add(0L).Bytes);
            return;
        }

        var content = found.Content();
        var memory = new HostBuffer(content.Length);
        content.Span.CopyTo(memory.Slice(0, content.Length));
        Answer(header, OpenedVectors.Of(memory), default, payload.Add((long)content.Length).Bytes);
    }

    private void WriteSnapshot(in FrameHeader header)
    {
        var part = header.Value == 0 ? null : new SnapshotPart((long)header.Value, []);
        var writer = served.Snapshots.Write(Slot(header), header.Round.Step, part);
        var payload = new PayloadWriter().Add(arena is null ? null : writer.Vectors.Shared?.Place).Bytes;
        Answer(header, OpenedVectors.Of(writer), default, payload);
    }

    private void CompleteSnapshot(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        var (opened, ranges, whole) = (Opened(header), new List<(long, StateBlocks)>(), (ulong?)null);
        for (var reader = new PayloadReader(payload); !reader.IsAtEnd;)
        {
            var (offset, blocks) = (reader.Number(), reader.Number());
            if (offset < 0 || offset % FlatSums.Block != 0 || blocks < 1 || offset / FlatSums.Block > served.Blocks - blocks)
                throw new FrameException($"No {blocks} blocks of a snapshot begin at {offset}.");
            ranges.Add((offset, new StateBlocks(reader.Words(blocks), reader.Words(blocks), reader.Words(blocks))));
        }

        var isKept = ranges.Count == 0 ? opened.Complete(header.Value) : opened.Complete(ranges, out whole);
        link.Answer(header, isKept ? Ranges.Done : Ranges.Refused, default,
            whole is { } hash ? new PayloadWriter().Add(hash).Bytes : []);
    }

    private void Pull(in FrameHeader header)
    {
        var vectors = Opened(header);
        var address = vectors.Range(header, header.Length);
        link.Post(new Outgoing(new FrameHeader(FrameKind.Answer) { Number = header.Number, Value = Ranges.Done })
        {
            Address = address,
            Length = (int)header.Length,
            Done = vectors.Share().Release,
        });
    }

    private void Answer(in FrameHeader request, OpenedVectors vectors, FrameHeader answer, byte[] payload)
    {
        if (opened.Count == MostOpened)
        {
            vectors.Release();
            throw new FrameException($"{MostOpened} vectors are open, more than any node needs.");
        }

        opened.Add(++handle, vectors);
        link.Answer(request, Ranges.Done, answer with { Handle = handle }, payload);
    }

    private OpenedVectors Opened(in FrameHeader header) => opened.TryGetValue(header.Handle, out var vectors) ? vectors
        : throw new FrameException($"Nothing is open under handle {header.Handle}.");

    private int Slot(in FrameHeader header) => header.Slot >= 0 && header.Slot < served.Snapshots.Slots ? header.Slot
        : throw new FrameException($"There is no slot {header.Slot} for snapshots.");

    // Any block that is no node of the lane tree is refused by the transport; its end must be a number.
    private static LaneBlock Block(in FrameHeader header) =>
        header.Block is { First: >= 0, Count: > 0 } block && block.First <= int.MaxValue - block.Count ? block
            : throw new FrameException($"There are no lanes {header.Block.First} to {(long)header.Block.First + header.Block.Count}.");
}

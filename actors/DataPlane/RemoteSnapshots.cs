using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Snapshots;
using ActorTrain.Models.Storage;

namespace ActorTrain.Actors.DataPlane;

/// <summary>The snapshots of the control process, as the trainers of a node see them.</summary>
/// <param name="length">Elements of a vector.</param>
internal sealed class RemoteSnapshots(FrameLink link, long length, MappedMemory mapped) : ISnapshots, IDisposable
{
    private readonly Lock gate = new();

    // For copies: memory that is not in use is kept for the next.
    private SnapshotVectors? spare;
    private bool isDisposed;

    public SnapshotWriter? Write(int slot, long atStep, SnapshotPart? part = null)
    {
        var request = new FrameHeader(FrameKind.WriteSnapshot)
        {
            Slot = slot,
            Round = new Round(0, atStep),
            Value = (ulong)(part?.Copy ?? 0),
        };
        if (link.Ask(request) is not ({ Value: Ranges.Done } answer, var payload))
            return null;
        var shared = new PayloadReader(payload).Place() is { } place ? Map(place, isWritable: true) : null;
        var vectors = shared ?? Rent();
        return new SnapshotWriter(slot, atStep, vectors,
            written => shared is not null || Store(answer.Handle, vectors, part) ? Complete(answer.Handle, written) : (false, null),
            _ => Release(answer.Handle, vectors));
    }

    public SnapshotReader? Read(int slot)
    {
        if (link.Ask(new FrameHeader(FrameKind.ReadSnapshot) { Slot = slot }) is not ({ Value: Ranges.Done } answer, var payload))
            return null;
        var reader = new PayloadReader(payload);
        var (step, hash) = (reader.Number(), reader.Unsigned());
        var vectors = reader.Place() is { } place ? Map(place, isWritable: false) : null;
        if (vectors is null)
        {
            vectors = Rent();
            if (!Each(vectors, (number, vector) => Ranges.Pull(link, answer.Handle, number, vector.Address, vector.Length)))
            {
                Release(answer.Handle, vectors);
                return null;
            }
        }

        return new SnapshotReader(step, hash, vectors, () => Release(answer.Handle, vectors));
    }

    public void Dispose()
    {
        lock (gate)
        {
            isDisposed = true;
            spare?.Dispose();
            spare = null;
        }
    }

    private bool Store(ulong handle, SnapshotVectors vectors, SnapshotPart? part) => Each(vectors, (number, vector) =>
        (part?.Ranges ?? [(0, length)]).All(range => range.Count == 0 || Ranges.Store(link, handle, number,
            vector.Address + (nint)(range.Offset * sizeof(float)), range.Count * sizeof(float), range.Offset * sizeof(float))));

    private (bool IsKept, ulong? Whole) Complete(ulong handle, SnapshotContent written)
    {
        var payload = new PayloadWriter();
        foreach (var (offset, blocks) in written.Ranges)
        {
            payload.Add(offset).Add((long)blocks.Weights.Count);
            payload.Add(blocks.Weights).Add(blocks.FirstMoment).Add(blocks.SecondMoment);
        }

        var request = new FrameHeader(FrameKind.CompleteSnapshot) { Handle = handle, Value = written.Hash ?? 0 };
        if (link.Ask(request, payload.Bytes) is not ({ Value: Ranges.Done }, var answer))
            return (false, null);
        return (true, answer.Length == 0 ? written.Hash : new PayloadReader(answer).Unsigned());
    }

    private SnapshotVectors? Map(SharedPlace place, bool isWritable) =>
        place.Length == SharedMemory.LengthOf(3, length * sizeof(float)) && mapped.Open(place, isWritable) is { } memory
            ? new SnapshotVectors(length, memory)
            : null;

    private SnapshotVectors Rent()
    {
        lock (gate)
        {
            if (spare is { } idle)
            {
                spare = null;
                return idle;
            }
        }

        return new SnapshotVectors(length);
    }

    private void Release(ulong handle, SnapshotVectors vectors)
    {
        link.Post(new Outgoing(new FrameHeader(FrameKind.Release) { Handle = handle }));
        lock (gate)
        {
            if (vectors.Shared is null && spare is null && !isDisposed)
            {
                spare = vectors;
                return;
            }
        }

        vectors.Dispose();
    }

    private static bool Each(SnapshotVectors vectors, Func<int, HostBuffer, bool> act) =>
        act(0, vectors.Weights) && act(1, vectors.FirstMoment) && act(2, vectors.SecondMoment);
}

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

    public SnapshotWriter? Write(int slot, long atStep)
    {
        var request = new FrameHeader(FrameKind.WriteSnapshot) { Slot = slot, Round = new Round(0, atStep) };
        if (link.Ask(request) is not ({ Value: Ranges.Done } answer, var payload))
            return null;
        var shared = new PayloadReader(payload).Place() is { } place ? Map(place, isWritable: true) : null;
        var vectors = shared ?? Rent();
        return new SnapshotWriter(slot, atStep, vectors,
            hash => (shared is not null || Store(answer.Handle, vectors)) && Complete(answer.Handle, hash),
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

    private bool Store(ulong handle, SnapshotVectors vectors) =>
        Each(vectors, (number, vector) => Ranges.Store(link, handle, number, vector.Address, vector.Length));

    private bool Complete(ulong handle, ulong hash) =>
        link.Ask(new FrameHeader(FrameKind.CompleteSnapshot) { Handle = handle, Value = hash }) is { Header.Value: Ranges.Done };

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

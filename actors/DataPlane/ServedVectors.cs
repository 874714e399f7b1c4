using ActorTrain.Actors.Reduction;
using ActorTrain.Actors.Snapshots;
using ActorTrain.Models.Storage;

namespace ActorTrain.Actors.DataPlane;

/// <summary>What a server serves, and where it lies in memory that others can map: in the transport's own, or in that of a node.
/// Thread-safe.</summary>
internal sealed class ServedVectors(IGradientTransport transport, SnapshotMemory snapshots, IExperienceSource? experiences)
{
    private readonly Lock gate = new();
    private readonly List<NodeArena> arenas = [];

    public IGradientTransport Transport => transport;

    public SnapshotMemory Snapshots => snapshots;

    /// <summary>Null if the run is trained on data alone.</summary>
    public IExperienceSource? Experiences => experiences;

    /// <summary>Elements.</summary>
    public long Length => transport.Memory.Length;

    /// <summary>Blocks of a vector's checksum.</summary>
    public int Blocks => FlatSums.BlocksOf(Length);

    /// <summary>Maps the vectors of a node; null if they cannot be mapped.</summary>
    /// <param name="capacity">Their number.</param>
    public NodeArena? Map(SharedPlace place, int capacity)
    {
        if (SharedMemory.Open(place, SharedMemory.LengthOf(capacity, Length * sizeof(float)), isWritable: false) is not { } memory)
            return null;
        var arena = new NodeArena(memory, Length, capacity, Forget);
        lock (gate)
            arenas.Add(arena);
        return arena;
    }

    /// <summary>Where others find the memory of a vector; null if they cannot.</summary>
    public (SharedPlace Place, long Offset)? Find(nint address)
    {
        if (transport.Memory.Shared is { } own && own.OffsetAt(address) is { } offset)
            return (own.Place, offset);
        NodeArena[] all;
        lock (gate)
            all = [.. arenas];
        return all.Select(arena => arena.Find(address)).FirstOrDefault(static found => found is not null);
    }

    private void Forget(NodeArena arena)
    {
        lock (gate)
            arenas.Remove(arena);
    }
}

using ActorTrain.Models.Storage;
using static TorchSharp.torch;

namespace ActorTrain.Actors.DataPlane;

/// <summary>The shared memory of a node, from which it publishes vectors. It stays as long as one of them is held, even if the node is
/// gone. Thread-safe.</summary>
/// <param name="memory">Owned from now on.</param>
/// <param name="length">Elements of a vector.</param>
/// <param name="ended">Called when nothing is held any more.</param>
internal sealed class NodeArena(SharedMemory memory, long length, int capacity, Action<NodeArena> ended)
{
    private readonly Lock gate = new();
    private readonly Tensor?[] vectors = new Tensor?[capacity];
    private readonly bool[] isHeld = new bool[capacity];
    private int users = 1;

    /// <summary>The memory of a vector, for others to map; null if it is elsewhere.</summary>
    public (SharedPlace Place, long Offset)? Find(nint address)
    {
        lock (gate)
            return users > 0 && memory.OffsetAt(address) is { } offset ? (memory.Place, offset) : null;
    }

    /// <summary>A vector that the node has written, held until <see cref="Free"/>.</summary>
    /// <exception cref="FrameException">There is none at that offset, or it is held already.</exception>
    public Tensor Hold(long offset)
    {
        lock (gate)
        {
            if (SharedMemory.PartAt(offset, length * sizeof(float)) is not { } part || part >= capacity)
                throw new FrameException($"No vector begins at {offset} of the node's memory.");
            if (isHeld[part])
                throw new FrameException($"The vector at {offset} of the node's memory is published already.");
            isHeld[part] = true;
            users++;
            return vectors[part] ??= TensorMemory.Vector(memory.Address(offset), length);
        }
    }

    public void Free(long offset)
    {
        lock (gate)
            isHeld[SharedMemory.PartAt(offset, length * sizeof(float))!.Value] = false;
        Leave();
    }

    /// <summary>The node publishes no more, or a vector was freed.</summary>
    public void Leave()
    {
        lock (gate)
        {
            if (--users > 0)
                return;
            foreach (var vector in vectors)
                vector?.Dispose();
            memory.Dispose();
        }

        ended(this);
    }
}

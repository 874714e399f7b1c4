using ActorTrain.Models.Storage;
using static TorchSharp.torch;

namespace ActorTrain.Models.Steps;

/// <summary>Pooled memory for flat gradients, so that a training step allocates nothing. Thread-safe.</summary>
/// <remarks>Rented vectors may outlive the pool: they are freed on return.</remarks>
public sealed class GradientPool : IDisposable
{
    private readonly Lock gate = new();
    private readonly Stack<Tensor> idle = [];
    private readonly Device? device;
    private int rented;
    private int shared;
    private bool isDisposed;
    private bool isFreed;

    /// <summary>Makes an empty pool; vectors are allocated when first needed.</summary>
    /// <param name="length">Elements of a vector: those of the flat layout.</param>
    /// <param name="capacity">Limit of vectors rented at a time.</param>
    /// <param name="device">Null for the CPU.</param>
    public GradientPool(long length, int capacity, Device? device = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        Length = length;
        Capacity = capacity;
        this.device = device;
    }

    /// <summary>Makes an empty pool in shared memory.</summary>
    /// <exception cref="IOException">The system has none.</exception>
    public static GradientPool InSharedMemory(long length, int capacity) =>
        new(length, capacity) { Shared = SharedMemory.Create(capacity, length * sizeof(float)) };

    /// <summary>The memory of its vectors; null if they are in the process's own.</summary>
    public SharedMemory? Shared { get; private init; }

    public long Length { get; }

    public int Capacity { get; }

    /// <summary>Vectors rented and not returned.</summary>
    public int Rented
    {
        get
        {
            lock (gate)
                return rented;
        }
    }

    /// <summary>Existing vectors, rented or idle.</summary>
    public int Allocated
    {
        get
        {
            lock (gate)
                return rented + idle.Count;
        }
    }

    /// <summary>A vector of undefined content, but with zeros in the gaps of the layout.</summary>
    /// <exception cref="InvariantException">The capacity is exhausted.</exception>
    public Tensor Rent()
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            if (rented == Capacity)
                throw new InvariantException($"All {Capacity} gradient vectors of {Length} elements are in use, more than any step needs.");
            if (idle.TryPop(out var vector))
            {
                rented++;
                return vector;
            }

            if (Shared is not null)
            {
                vector = TensorMemory.Vector(Shared.Address(SharedMemory.OffsetOf(shared, Length * sizeof(float))), Length);
                (rented, shared) = (rented + 1, shared + 1);
                return vector;
            }

            rented++;
        }

        try
        {
            return zeros(Length, dtype: float32, device: device).DetachFromDisposeScope();
        }
        catch
        {
            lock (gate)
                rented--;
            throw;
        }
    }

    public void Return(Tensor vector)
    {
        lock (gate)
        {
            rented--;
            if (!isDisposed)
            {
                idle.Push(vector);
                return;
            }
        }

        vector.Dispose();
        FreeShared();
    }

    public void Dispose()
    {
        lock (gate)
        {
            if (isDisposed)
                return;
            isDisposed = true;
            while (idle.TryPop(out var vector))
                vector.Dispose();
        }

        FreeShared();
    }

    private void FreeShared()
    {
        lock (gate)
        {
            if (Shared is null || rented > 0 || isFreed)
                return;
            isFreed = true;
        }

        Shared.Dispose();
    }
}

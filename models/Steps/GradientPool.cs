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
    private bool isDisposed;

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
            rented++;
            if (idle.TryPop(out var vector))
                return vector;
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
    }

    public void Dispose()
    {
        lock (gate)
        {
            isDisposed = true;
            while (idle.TryPop(out var vector))
                vector.Dispose();
        }
    }
}

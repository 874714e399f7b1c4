using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Models.Steps;

/// <summary>Memory for flat gradients, rented and given back, so that a training step allocates nothing. Any thread may use it.</summary>
/// <remarks>What is rented may outlive the pool: it is freed when it is given back.</remarks>
public sealed class GradientPool : IDisposable
{
    private readonly Lock gate = new();
    private readonly Stack<Tensor> idle = [];
    private readonly Device? device;
    private int rented;
    private bool isDisposed;

    /// <summary>Makes an empty pool; vectors are allocated as they are first needed.</summary>
    /// <param name="length">Elements of a vector: those of the flat layout.</param>
    /// <param name="capacity">The most vectors that may be rented at a time.</param>
    /// <param name="device">Where they live; null for the CPU.</param>
    public GradientPool(long length, int capacity, Device? device = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        Length = length;
        Capacity = capacity;
        this.device = device;
    }

    public long Length { get; }

    /// <summary>The most vectors that may be rented at a time.</summary>
    public int Capacity { get; }

    /// <summary>Vectors rented and not given back.</summary>
    public int Rented
    {
        get
        {
            lock (gate)
                return rented;
        }
    }

    /// <summary>Vectors that exist, rented or idle.</summary>
    public int Allocated
    {
        get
        {
            lock (gate)
                return rented + idle.Count;
        }
    }

    /// <summary>A vector of any content, save that the gaps of the layout are zero.</summary>
    /// <exception cref="InvariantException">All that there may be are rented.</exception>
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

    /// <summary>Frees what is idle; the rest follows as it is given back.</summary>
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

using System.Collections;

namespace TorchSharp.Utils;

/// <summary>A tensor's elements in row-major order, whatever its strides; reads and writes go to the tensor itself.</summary>
public sealed unsafe class TensorAccessor<T> : IDisposable, IEnumerable<T> where T : unmanaged
{
    private readonly torch.Tensor tensor;
    private readonly T* data;
    private readonly long[] shape, strides;
    private readonly bool contiguous;

    internal TensorAccessor(torch.Tensor tensor)
    {
        this.tensor = tensor;
        data = (T*)tensor.Data();
        shape = tensor.shape;
        strides = tensor.stride();
        contiguous = tensor.is_contiguous();
        Count = tensor.NumberOfElements;
    }

    /// <summary>Number of elements.</summary>
    public long Count { get; }

    /// <summary>False: elements can be written.</summary>
    public bool IsReadOnly => false;

    /// <summary>The element at one row-major position, or at one index per dimension; throws <see cref="IndexOutOfRangeException"/> outside.</summary>
    public T this[params long[] indices]
    {
        get { var value = *At(indices); GC.KeepAlive(tensor); return value; }
        set { *At(indices) = value; GC.KeepAlive(tensor); }
    }

    /// <summary>A copy of the elements in row-major order.</summary>
    public T[] ToArray()
    {
        var copy = new T[Count];
        CopyTo(copy.AsSpan());
        return copy;
    }

    /// <summary>Copies elements from <c>tensorIndex</c> on until the array or the tensor ends.</summary>
    public void CopyTo(T[] array, int arrayIndex = 0, long tensorIndex = 0)
    {
        for (var i = tensorIndex; i < Count && arrayIndex < array.Length; i++) array[arrayIndex++] = *Nth(i);
        GC.KeepAlive(tensor);
    }

    /// <summary>Copies all elements; throws where the span is shorter.</summary>
    public void CopyTo(Span<T> memory)
    {
        if (memory.Length < Count) throw new ArgumentException($"the span holds {memory.Length} elements, the tensor {Count}");
        if (contiguous) new ReadOnlySpan<T>(data, checked((int)Count)).CopyTo(memory);
        else
            for (var i = 0; i < Count; i++) memory[i] = *Nth(i);
        GC.KeepAlive(tensor);
    }

    /// <summary>Writes elements from <c>tensorIndex</c> on until the array or the tensor ends.</summary>
    public void CopyFrom(T[] array, int arrayIndex = 0, long tensorIndex = 0)
    {
        for (var i = tensorIndex; i < Count && arrayIndex < array.Length; i++) *Nth(i) = array[arrayIndex++];
        GC.KeepAlive(tensor);
    }

    /// <summary>Writes the first elements; throws where the span is longer than the tensor.</summary>
    public void CopyFrom(ReadOnlySpan<T> memory)
    {
        if (memory.Length > Count) throw new ArgumentException($"the span holds {memory.Length} elements, the tensor {Count}");
        for (var i = 0; i < memory.Length; i++) *Nth(i) = memory[i];
        GC.KeepAlive(tensor);
    }

    /// <summary>The elements in row-major order.</summary>
    public IEnumerator<T> GetEnumerator()
    {
        for (var i = 0L; i < Count; i++) yield return Read(i);
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Nothing is held: the memory is the tensor's.</summary>
    public void Dispose() => GC.SuppressFinalize(this);

    private T Read(long i)
    {
        var value = *Nth(i);
        GC.KeepAlive(tensor);
        return value;
    }

    private T* At(long[] indices)
    {
        if (tensor.IsInvalid) throw new InvalidOperationException("The tensor was disposed of.");
        if (indices.Length == 1) return Nth(indices[0]);
        if (indices.Length != shape.Length) throw new ArgumentException($"{indices.Length} indices for a tensor of {shape.Length} dimensions");
        var offset = 0L;
        for (var d = 0; d < indices.Length; d++)
        {
            if ((ulong)indices[d] >= (ulong)shape[d]) throw new IndexOutOfRangeException($"index {indices[d]} in dimension {d} of size {shape[d]}");
            offset += indices[d] * strides[d];
        }

        return data + offset;
    }

    private T* Nth(long index)
    {
        if ((ulong)index >= (ulong)Count) throw new IndexOutOfRangeException($"index {index} in a tensor of {Count} elements");
        if (contiguous) return data + index;
        var offset = 0L;
        for (var d = shape.Length - 1; d >= 0; d--)
        {
            offset += index % shape[d] * strides[d];
            index /= shape[d];
        }

        return data + offset;
    }
}

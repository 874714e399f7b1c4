using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.Interop.LibTorch;

namespace TorchSharp;

// Tensors from managed memory, shared or copied.
public static partial class torch
{
    /// <summary>A one-dimensional tensor over the array's own memory: writes to either are seen by both.</summary>
    /// <param name="rawArray">The array; it is pinned for as long as the tensor's memory lives.</param>
    /// <param name="dtype">The element type of the memory.</param>
    /// <param name="count">Elements; -1: as many as fit.</param>
    /// <param name="offset">Bytes to leave out at the front.</param>
    /// <param name="requires_grad">Whether operations on the tensor are recorded.</param>
    /// <param name="device">A device other than the CPU makes a copy there.</param>
    public static unsafe Tensor frombuffer(Array rawArray, ScalarType dtype, long count = -1, long offset = 0, bool requires_grad = false, Device? device = null)
    {
        var pin = GCHandle.Alloc(rawArray, GCHandleType.Pinned);
        var bytes = Buffer.ByteLength(rawArray);
        var elements = count < 0 ? (bytes - offset) / dtype.ElementSize() : count;
        if (offset < 0 || offset + (elements * dtype.ElementSize()) > bytes)
        {
            pin.Free();
            throw new ArgumentOutOfRangeException(nameof(count), $"{elements} elements of {dtype} at byte {offset} do not fit into {bytes} bytes");
        }

        Tensor made;
        try
        {
            made = tensor_from_memory(pin.AddrOfPinnedObject() + (nint)offset, &elements, 1, (int)dtype, GCHandle.ToIntPtr(pin), &Unpin);
        }
        catch
        {
            pin.Free();
            throw;
        }

        if (requires_grad) made.requires_grad_();
        return device is null || device.type == DeviceType.CPU ? made : made.to(device, disposeAfter: true);
    }

    /// <summary>A tensor with the shape and a copy of the elements of an array of any rank.</summary>
    public static Tensor from_array(Array rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) => rawArray.GetType().GetElementType() switch
    {
        var t when t == typeof(float) => FromArray<float>(rawArray, dtype, device, requires_grad),
        var t when t == typeof(double) => FromArray<double>(rawArray, dtype, device, requires_grad),
        var t when t == typeof(long) => FromArray<long>(rawArray, dtype, device, requires_grad),
        var t when t == typeof(int) => FromArray<int>(rawArray, dtype, device, requires_grad),
        var t when t == typeof(short) => FromArray<short>(rawArray, dtype, device, requires_grad),
        var t when t == typeof(sbyte) => FromArray<sbyte>(rawArray, dtype, device, requires_grad),
        var t when t == typeof(byte) => FromArray<byte>(rawArray, dtype, device, requires_grad),
        var t when t == typeof(bool) => FromArray<bool>(rawArray, dtype, device, requires_grad),
        var t => throw new NotSupportedException($"a tensor cannot hold elements of type {t}"),
    };

    internal static unsafe Tensor FromArray<T>(Array array, ScalarType? dtype, Device? device, bool requires_grad) where T : unmanaged
    {
        var shape = new long[array.Rank];
        for (var d = 0; d < shape.Length; d++) shape[d] = array.GetLongLength(d);
        var elements = array.Length == 0 ? [] : MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<byte, T>(ref MemoryMarshal.GetArrayDataReference(array)), array.Length);
        return FromData(elements, shape, dtype, device, requires_grad);
    }

    internal static unsafe Tensor FromData<T>(ReadOnlySpan<T> elements, ReadOnlySpan<long> shape, ScalarType? dtype, Device? device, bool requires_grad) where T : unmanaged
    {
        var product = 1L;
        foreach (var size in shape) product *= size;
        if (product != elements.Length)
            throw new ArgumentException($"mismatched total size creating a tensor from an array: {elements.Length} elements for shape [{string.Join(", ", shape.ToArray())}]");
        var type = TypeOf<T>();
        fixed (T* data = elements)
        fixed (long* d = shape)
            return tensor_from_data(data, (int)type, d, shape.Length, (int)(dtype ?? type), Kind(device), Index(device), requires_grad ? 1 : 0);
    }

    private static ScalarType TypeOf<T>() =>
        typeof(T) == typeof(float) ? ScalarType.Float32 : typeof(T) == typeof(double) ? ScalarType.Float64
        : typeof(T) == typeof(long) ? ScalarType.Int64 : typeof(T) == typeof(int) ? ScalarType.Int32
        : typeof(T) == typeof(short) ? ScalarType.Int16 : typeof(T) == typeof(sbyte) ? ScalarType.Int8
        : typeof(T) == typeof(byte) ? ScalarType.Byte : typeof(T) == typeof(bool) ? ScalarType.Bool
        : typeof(T) == typeof(Half) ? ScalarType.Float16 : typeof(T) == typeof(BFloat16) ? ScalarType.BFloat16
        : throw new NotSupportedException($"a tensor cannot hold elements of type {typeof(T)}");

    [UnmanagedCallersOnly]
    private static void Unpin(nint context) => GCHandle.FromIntPtr(context).Free();
}

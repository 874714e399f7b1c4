using System.Runtime.InteropServices;

namespace ActorTrain.Models.Storage;

/// <summary>A block of native memory, 64-byte aligned, zeroed, of any size; freed by <see cref="Dispose"/>.</summary>
/// <remarks>It holds what outlives a tensor: snapshots on their way to disk, tensors on their way from it.</remarks>
public sealed unsafe class HostBuffer : IDisposable
{
    private const int Alignment = 64;
    private byte* memory;

    /// <summary>Allocates <paramref name="length"/> bytes.</summary>
    public HostBuffer(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        Length = length;
        memory = (byte*)NativeMemory.AlignedAlloc(checked((nuint)Math.Max(length, 1)), Alignment);
        NativeMemory.Clear(memory, (nuint)length);
    }

    /// <summary>Frees memory that was not disposed.</summary>
    ~HostBuffer() => Free();

    /// <summary>Size in bytes.</summary>
    public long Length { get; }

    /// <summary>Address of the first byte.</summary>
    /// <exception cref="ObjectDisposedException">The buffer was disposed of.</exception>
    public nint Address
    {
        get
        {
            ObjectDisposedException.ThrowIf(memory is null, this);
            return (nint)memory;
        }
    }

    /// <summary>A window of at most 2 GiB onto the buffer; offset and length in bytes.</summary>
    public Span<byte> Slice(long offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + length, Length, nameof(length));
        return new Span<byte>((byte*)Address + offset, length);
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.AlignedFree(memory);
        memory = null;
    }
}

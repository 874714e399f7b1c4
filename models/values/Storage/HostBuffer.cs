using System.Runtime.InteropServices;

namespace ActorTrain.Models.Storage;

/// <summary>A block of native memory of any size, 64-byte aligned, for data that outlive a tensor: snapshots, and files being read or
/// written.</summary>
public sealed unsafe class HostBuffer : IDisposable
{
    private const int Alignment = 64;
    private readonly IDisposable? owner;
    private byte* memory;

    /// <summary>Allocates zeroed memory.</summary>
    public HostBuffer(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        Length = length;
        memory = (byte*)NativeMemory.AlignedAlloc(checked((nuint)Math.Max(length, 1)), Alignment);
        NativeMemory.Clear(memory, (nuint)length);
    }

    /// <summary>Takes memory of another owner.</summary>
    /// <param name="owner">Disposed of with the buffer.</param>
    public HostBuffer(nint address, long length, IDisposable owner)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentNullException.ThrowIfNull(owner);
        if (address % Alignment != 0)
            throw new ArgumentException($"A buffer begins at a multiple of {Alignment} bytes.", nameof(address));
        memory = (byte*)address;
        (Length, this.owner) = (length, owner);
        GC.SuppressFinalize(this);
    }

    ~HostBuffer() => Free();

    /// <summary>In bytes.</summary>
    public long Length { get; }

    /// <summary>Of the first byte.</summary>
    /// <exception cref="ObjectDisposedException">The buffer was disposed of.</exception>
    public nint Address
    {
        get
        {
            ObjectDisposedException.ThrowIf(memory is null, this);
            return (nint)memory;
        }
    }

    /// <summary>A window of at most 2 GiB; offset and length in bytes.</summary>
    public Span<byte> Slice(long offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + length, Length, nameof(length));
        return new Span<byte>((byte*)Address + offset, length);
    }

    /// <summary>Copies all of it.</summary>
    /// <param name="other">As long as this.</param>
    public void CopyTo(HostBuffer other)
    {
        ArgumentNullException.ThrowIfNull(other);
        ArgumentOutOfRangeException.ThrowIfNotEqual(other.Length, Length, nameof(other));
        Buffer.MemoryCopy((void*)Address, (void*)other.Address, Length, Length);
        GC.KeepAlive(this);
        GC.KeepAlive(other);
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        if (owner is null)
            NativeMemory.AlignedFree(memory);
        else if (memory is not null)
            owner.Dispose();
        memory = null;
    }
}

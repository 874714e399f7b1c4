using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace ActorTrain.Models.Storage;

/// <summary>Memory that several processes of a host map: a number of parts of equal length, each at the beginning of a page, zero at
/// first. Pages that are never touched cost nothing.</summary>
/// <remarks>It has no name in the file system, and it lives as long as somebody has it mapped, whoever made it: a process that is killed
/// leaves nothing behind, and others still read what it wrote. Its length is sealed, so nobody can take pages away from under a reader.
/// Each owner disposes of it once.</remarks>
public sealed unsafe partial class SharedMemory : IDisposable
{
    private const int Page = 4096;
    private const int CloseOnExec = 0x80000, NonBlocking = 0x800, ReadWrite = 2; // O_CLOEXEC, O_NONBLOCK, O_RDWR
    private const uint MakeCloseOnExec = 1, AllowSealing = 2; // MFD_…
    private const int AddSeals = 1033, GetSeals = 1034, Seals = 1 | 2 | 4; // F_…: SEAL, SHRINK, GROW
    private const int Readable = 1, Writable = 2, Shared = 1, NoReserve = 0x4000, FromEnd = 2; // PROT_…, MAP_…, SEEK_END
    private readonly SafeFileHandle descriptor;
    private byte* memory;
    private int owners = 1;

    private SharedMemory(SafeFileHandle descriptor, long length, bool isWritable)
    {
        this.descriptor = descriptor;
        var mapped = Map(0, (nuint)length, Readable | (isWritable ? Writable : 0), Shared | NoReserve, descriptor, 0);
        if (mapped == -1)
            throw LastError("map");
        memory = (byte*)mapped;
        Length = length;
    }

    ~SharedMemory() => Free();

    /// <summary>In bytes, the first page included.</summary>
    public long Length { get; }

    /// <summary>How it is opened by others, as long as this process has it.</summary>
    public SharedPlace Place => new(Environment.ProcessId, (int)descriptor.DangerousGetHandle(), Length, Keys[0], Keys[1]);

    private ReadOnlySpan<ulong> Keys => new(memory, 2);

    /// <exception cref="IOException">The system has none.</exception>
    public static SharedMemory Create(int parts, long partLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(parts, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(partLength, 1);
        var descriptor = New("actortrain", MakeCloseOnExec | AllowSealing);
        try
        {
            var length = LengthOf(parts, partLength);
            if (descriptor.IsInvalid || SetLength(descriptor, length) != 0 || Control(descriptor, AddSeals, Seals) != 0)
                throw LastError("make");
            var made = new SharedMemory(descriptor, length, isWritable: true);
            RandomNumberGenerator.Fill(new Span<byte>(made.memory, 2 * sizeof(ulong)));
            return made;
        }
        catch
        {
            descriptor.Dispose();
            throw;
        }
    }

    /// <summary>Maps the memory of another process.</summary>
    /// <param name="length">That it must have.</param>
    /// <returns>Null if it is not there: the process is on another host, belongs to another user or has ended, or it is other
    /// memory.</returns>
    public static SharedMemory? Open(SharedPlace place, long length, bool isWritable)
    {
        if (place.Length != length || length <= Page)
            return null;
        var descriptor = OpenFile($"/proc/{place.Process}/fd/{place.Descriptor}",
            CloseOnExec | NonBlocking | (isWritable ? ReadWrite : 0));
        try
        {
            // Only memory of this kind has seals.
            if (!descriptor.IsInvalid && (Control(descriptor, GetSeals, 0) & Seals) == Seals && Seek(descriptor, 0, FromEnd) == length)
            {
                var opened = new SharedMemory(descriptor, length, isWritable);
                if (opened.Keys.SequenceEqual([place.Key, place.OtherKey]))
                    return opened;
                opened.Dispose();
            }
        }
        catch (IOException)
        {
            // It cannot be mapped.
        }

        descriptor.Dispose();
        return null;
    }

    /// <summary>In bytes, of memory with so many parts.</summary>
    public static long LengthOf(int parts, long partLength) => checked(Page + parts * Stride(partLength));

    /// <summary>Byte at which a part begins, from 0.</summary>
    public static long OffsetOf(int part, long partLength) => Page + part * Stride(partLength);

    /// <summary>The part that begins at a byte; null if none does.</summary>
    public static int? PartAt(long offset, long partLength) =>
        offset >= Page && (offset - Page) % Stride(partLength) == 0 ? (int)((offset - Page) / Stride(partLength)) : null;

    /// <summary>The byte of this memory that is at an address; null if it is elsewhere.</summary>
    public long? OffsetAt(nint address) =>
        memory is not null && (byte*)address >= memory && (byte*)address < memory + Length ? (byte*)address - memory : null;

    /// <summary>Of a byte.</summary>
    public nint Address(long offset)
    {
        ObjectDisposedException.ThrowIf(memory is null, this);
        ArgumentOutOfRangeException.ThrowIfLessThan(offset, Page);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length);
        return (nint)(memory + offset);
    }

    /// <summary>One more owner.</summary>
    public SharedMemory Share()
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref owners) <= 0, this);
        Interlocked.Increment(ref owners);
        return this;
    }

    /// <summary>Unmaps it with its last owner.</summary>
    public void Dispose()
    {
        if (Interlocked.Decrement(ref owners) != 0)
            return;
        Free();
        GC.SuppressFinalize(this);
    }

    private static long Stride(long partLength) => (partLength + Page - 1) / Page * Page;

    private static IOException LastError(string action) =>
        new($"Cannot {action} shared memory: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}.");

    private void Free()
    {
        if (memory is null)
            return;
        _ = Unmap((nint)memory, (nuint)Length);
        memory = null;
        descriptor.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial SafeFileHandle New(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial SafeFileHandle OpenFile(string path, int flags);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetLength(SafeFileHandle file, long length);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial long Seek(SafeFileHandle file, long offset, int origin);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Control(SafeFileHandle file, int command, int argument);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint Map(nint address, nuint length, int protection, int flags, SafeFileHandle file, long offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Unmap(nint address, nuint length);
}

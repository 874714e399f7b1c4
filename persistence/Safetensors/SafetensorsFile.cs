using System.Buffers.Binary;
using System.Security.Cryptography;
using ActorTrain.Models;
using ActorTrain.Models.Storage;
using Microsoft.Win32.SafeHandles;

namespace ActorTrain.Persistence.Safetensors;

/// <summary>A safetensors file opened for reading; its header is checked, its data are read on demand.</summary>
public sealed class SafetensorsFile : IDisposable
{
    private const int ChunkLength = 4 << 20;
    private readonly SafeFileHandle handle;
    private readonly byte[] header;
    private readonly Dictionary<string, SafetensorsEntry> byName;

    private SafetensorsFile(
        string path,
        SafeFileHandle handle,
        byte[] header,
        IReadOnlyList<SafetensorsEntry> entries,
        IReadOnlyDictionary<string, string> metadata)
    {
        Path = path;
        this.handle = handle;
        this.header = header;
        Entries = entries;
        Metadata = metadata;
        byName = entries.ToDictionary(static entry => entry.Name, StringComparer.Ordinal);
    }

    public string Path { get; }

    /// <summary>In the order of their data; together they cover every byte after the header.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries { get; }

    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens a file and checks its header against its length.</summary>
    /// <exception cref="UserErrorException">It is not a valid safetensors file; the message says why.</exception>
    /// <exception cref="IOException">It cannot be opened or read.</exception>
    public static SafetensorsFile Open(string path)
    {
        var handle = File.OpenHandle(path);
        try
        {
            var length = RandomAccess.GetLength(handle);
            Span<byte> prefix = stackalloc byte[SafetensorsHeader.PrefixLength];
            if (length < prefix.Length)
                throw new UserErrorException($"{path} is not a valid safetensors file ({length} bytes); download it again.");
            ReadExactly(path, handle, prefix, 0);
            var headerLength = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
            if (headerLength < 2 || headerLength > (ulong)SafetensorsHeader.MaximumLength || headerLength > (ulong)(length - prefix.Length))
            {
                throw new UserErrorException(
                    $"{path} is not a valid safetensors file (header of {headerLength} bytes in a file of {length}); " +
                    $"download it again.");
            }

            var header = new byte[prefix.Length + (int)headerLength];
            ReadExactly(path, handle, header, 0);
            var (entries, metadata) = SafetensorsHeader.Parse(path, header.AsSpan(prefix.Length), length - header.Length);
            return new SafetensorsFile(path, handle, header, entries, metadata);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    public SafetensorsEntry? Find(string name) => byName.GetValueOrDefault(name);

    /// <param name="entry">One of <see cref="Entries"/>.</param>
    /// <param name="offset">In bytes.</param>
    /// <exception cref="UserErrorException">Its element type is not supported.</exception>
    public void Read(SafetensorsEntry entry, HostBuffer destination, long offset) => Read(entry, destination, offset, null);

    /// <summary>Reads every tensor, in file order, and hashes the file.</summary>
    /// <param name="placeOf">Where each tensor goes: a buffer and an offset in bytes; one without a buffer is only hashed.</param>
    /// <returns>The SHA-256 of the whole file, header included, in lower-case hexadecimal.</returns>
    public string ReadAll(Func<SafetensorsEntry, (HostBuffer? Buffer, long Offset)> placeOf)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(header);
        foreach (var entry in Entries)
        {
            var (buffer, offset) = placeOf(entry);
            Read(entry, buffer, offset, hash);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    public void Dispose() => handle.Dispose();

    private void Read(SafetensorsEntry entry, HostBuffer? destination, long offset, IncrementalHash? hash)
    {
        if (entry.Dtype is null)
        {
            throw new UserErrorException(
                $"In {Path} the tensor {SafetensorsHeader.Shown(entry.Name)} has the element type "
                    + $"{SafetensorsHeader.Shown(entry.DtypeName)}, which is not supported: use one of " +
                $"{SafetensorsDtypes.Names}.");
        }

        var unwanted = destination is null ? new byte[Math.Min(ChunkLength, entry.ByteCount)] : [];
        for (long done = 0; done < entry.ByteCount;)
        {
            var length = (int)Math.Min(ChunkLength, entry.ByteCount - done);
            var chunk = destination is null ? unwanted.AsSpan(0, length) : destination.Slice(offset + done, length);
            ReadExactly(Path, handle, chunk, header.Length + entry.Begin + done);
            hash?.AppendData(chunk);
            done += chunk.Length;
        }

        GC.KeepAlive(destination);
    }

    private static void ReadExactly(string path, SafeFileHandle handle, Span<byte> destination, long position)
    {
        while (destination.Length > 0)
        {
            var count = RandomAccess.Read(handle, destination, position);
            if (count == 0)
                throw new UserErrorException($"{path} was truncated while it was read; download it again.");
            destination = destination[count..];
            position += count;
        }
    }
}

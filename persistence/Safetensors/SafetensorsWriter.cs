using System.Security.Cryptography;
using ActorTrain.Models.Files;
using ActorTrain.Models.Storage;

namespace ActorTrain.Persistence.Safetensors;

/// <summary>A tensor to be written: a run of bytes of a host buffer, row-major, and what they mean.</summary>
/// <param name="Shape">Its sizes, outermost first.</param>
/// <param name="Buffer">Where its bytes are.</param>
/// <param name="Offset">Where they begin, in bytes.</param>
public sealed record TensorSlice(string Name, SafetensorsDtype Dtype, IReadOnlyList<long> Shape, HostBuffer Buffer, long Offset)
{
    /// <summary>Size in bytes.</summary>
    public long ByteCount => Shape.Aggregate((long)Dtype.Size(), static (product, size) => checked(product * size));
}

/// <summary>What was written: its size in bytes and SHA-256 sums in lower-case hexadecimal.</summary>
/// <param name="DataSha256">Of the tensors' bytes alone, one after another; null when it was not asked for.</param>
public sealed record SafetensorsDigest(long Size, string Sha256, string? DataSha256);

/// <summary>Writes safetensors files, straight from host buffers.</summary>
public static class SafetensorsWriter
{
    private const int ChunkLength = 4 << 20;

    /// <summary>Writes a new file and syncs it to the disk; the directory that names it is left to the caller.</summary>
    /// <param name="path">The file, which must not exist.</param>
    /// <param name="tensors">The tensors; they stand in the file widest element first, else in the order given, so that each is aligned to
    /// its element.</param>
    /// <param name="metadata">Free text in the header; may be empty.</param>
    /// <param name="cancellation">Stops between two chunks; the file is then incomplete and the caller's to delete.</param>
    /// <returns>Size and hashes, computed while writing.</returns>
    /// <exception cref="ArgumentException">Two tensors share a name, or a slice reaches past its buffer.</exception>
    /// <exception cref="IOException">The disk refused.</exception>
    public static SafetensorsDigest Write(
        string path,
        IReadOnlyList<TensorSlice> tensors,
        IReadOnlyDictionary<string, string> metadata,
        bool hashData = false,
        CancellationToken cancellation = default)
    {
        var ordered = tensors.OrderByDescending(static tensor => tensor.Dtype.Size()).ToArray();
        var header = SafetensorsHeader.Build(Place(ordered), metadata);
        var size = header.Length + ordered.Sum(static tensor => tensor.ByteCount);
        if (header.Length - SafetensorsHeader.PrefixLength > SafetensorsHeader.MaximumLength)
            throw new ArgumentException("The header exceeds the maximum length of the format.", nameof(tensors));

        using var whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var data = hashData ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;

        using var handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        Disk.Reserve(handle, path, size);
        Disk.Write(handle, header, 0);
        whole.AppendData(header);
        long position = header.Length;
        foreach (var tensor in ordered)
        {
            for (long done = 0; done < tensor.ByteCount;)
            {
                cancellation.ThrowIfCancellationRequested();
                var chunk = tensor.Buffer.Slice(tensor.Offset + done, (int)Math.Min(ChunkLength, tensor.ByteCount - done));
                Disk.Write(handle, chunk, position);
                whole.AppendData(chunk);
                data?.AppendData(chunk);
                done += chunk.Length;
                position += chunk.Length;
            }

            GC.KeepAlive(tensor.Buffer);
        }

        RandomAccess.FlushToDisk(handle);
        var dataSum = data is null ? null : Convert.ToHexStringLower(data.GetHashAndReset());
        return new SafetensorsDigest(size, Convert.ToHexStringLower(whole.GetHashAndReset()), dataSum);
    }

    private static List<SafetensorsEntry> Place(TensorSlice[] tensors)
    {
        var entries = new List<SafetensorsEntry>(tensors.Length);
        var names = new HashSet<string>(StringComparer.Ordinal) { "__metadata__" };
        long offset = 0;
        foreach (var tensor in tensors)
        {
            if (!names.Add(tensor.Name))
                throw new ArgumentException($"Duplicate tensor name {tensor.Name}.", nameof(tensors));
            if (tensor.Offset < 0 || tensor.Offset > tensor.Buffer.Length - tensor.ByteCount)
                throw new ArgumentException(
                    $"The slice of {tensor.Name} exceeds its buffer of {tensor.Buffer.Length} bytes.", nameof(tensors));
            entries.Add(new SafetensorsEntry(tensor.Name, tensor.Dtype.HeaderName(), tensor.Shape, offset, offset + tensor.ByteCount));
            offset += tensor.ByteCount;
        }

        return entries;
    }
}

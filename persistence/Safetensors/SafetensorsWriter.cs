using System.Security.Cryptography;
using ActorTrain.Models.Files;
using ActorTrain.Models.Storage;

namespace ActorTrain.Persistence.Safetensors;

/// <summary>A tensor to write: a row-major range of bytes in a host buffer.</summary>
/// <param name="Shape">Outermost dimension first.</param>
/// <param name="Offset">In bytes.</param>
public sealed record TensorSlice(string Name, SafetensorsDtype Dtype, IReadOnlyList<long> Shape, HostBuffer Buffer, long Offset)
{
    public long ByteCount => Shape.Aggregate((long)Dtype.Size(), static (product, size) => checked(product * size));
}

/// <param name="Size">In bytes.</param>
/// <param name="Sha256">Lower-case hexadecimal.</param>
/// <param name="DataSha256">Of the tensors' bytes alone, concatenated; null if not requested.</param>
public sealed record SafetensorsDigest(long Size, string Sha256, string? DataSha256);

/// <summary>Writes safetensors files directly from host buffers.</summary>
public static class SafetensorsWriter
{
    private const int ChunkLength = 4 << 20;

    /// <summary>Writes a new file and syncs it to the disk; the caller syncs the directory.</summary>
    /// <param name="path">Must not exist.</param>
    /// <param name="tensors">Written widest element first, else in the order given, so that each is aligned to its element.</param>
    /// <param name="metadata">Free text in the header; may be empty.</param>
    /// <param name="cancellation">Stops between two chunks; the caller then deletes the incomplete file.</param>
    /// <exception cref="ArgumentException">Two tensors share a name, or a slice exceeds its buffer.</exception>
    /// <exception cref="IOException">A disk error.</exception>
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

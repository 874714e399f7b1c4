using System.IO.MemoryMappedFiles;
using System.Security.Cryptography;
using ActorTrain.Models;

namespace ActorTrain.Data.Shards;

/// <summary>A memory-mapped file of equal items.</summary>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly string path;
    private readonly TokenFile expected;
    private readonly MemoryMappedFile file;
    private readonly MemoryMappedViewAccessor view;
    private readonly byte* start;

    /// <exception cref="UserErrorException">It is missing, unreadable or not of the recorded size.</exception>
    public MappedFile(string folder, TokenFile expected, int itemBytes)
    {
        this.expected = expected;
        path = Path.Combine(folder, expected.Name);
        var wanted = expected.Count * itemBytes;
        try
        {
            var actual = Path.Exists(path) ? new FileInfo(path).Length
                : throw new UserErrorException($"The token file {path} is missing: restore it, or {TokenIndex.Fix}.");
            if (actual != wanted)
            {
                throw new UserErrorException(
                    $"The token file {path} is {(actual < wanted ? "truncated" : "too long")}, {actual} bytes instead of {wanted}: "
                    + $"copy it again, or {TokenIndex.Fix}.");
            }

            file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, mapName: null, capacity: 0, MemoryMappedFileAccess.Read);
            view = file.CreateViewAccessor(0, wanted, MemoryMappedFileAccess.Read);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            file?.Dispose();
            throw new UserErrorException(
                $"The token file {path} cannot be read: {error.Message.TrimEnd('.')}; copy it again, or {TokenIndex.Fix}.", error);
        }

        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        start += view.PointerOffset;
    }

    public long Count => expected.Count;

    public ReadOnlySpan<T> Items<T>(long first, int count)
        where T : unmanaged
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first + count, Count);
        return new ReadOnlySpan<T>((T*)start + first, count);
    }

    /// <summary>Compares the file with its checksum.</summary>
    public void Verify(CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
        var buffer = new byte[1 << 20];
        for (int read; (read = stream.Read(buffer)) > 0;)
        {
            cancellation.ThrowIfCancellationRequested();
            hash.AppendData(buffer, 0, read);
        }

        if (Convert.ToHexStringLower(hash.GetHashAndReset()) != expected.Sha256)
            throw new UserErrorException(
                $"The token file {path} is corrupt (checksum mismatch): copy it again, or {TokenIndex.Fix}.");
    }

    public void Dispose()
    {
        view.SafeMemoryMappedViewHandle.ReleasePointer();
        view.Dispose();
        file.Dispose();
    }
}

using System.Security.Cryptography;

namespace ActorTrain.Data.Shards;

internal sealed class HashedFile : IDisposable
{
    private readonly string name;
    private readonly FileStream stream;
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public HashedFile(string folder, string name)
    {
        this.name = name;
        stream = new FileStream(Path.Combine(folder, name), FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
    }

    public long Count { get; private set; }

    public void Append(ReadOnlySpan<byte> bytes, long items)
    {
        stream.Write(bytes);
        hash.AppendData(bytes);
        Count += items;
    }

    /// <summary>Syncs the file and returns its name, count and checksum.</summary>
    public TokenFile Finish()
    {
        stream.Flush(flushToDisk: true);
        stream.Dispose();
        return new TokenFile(name, Count, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    public void Dispose()
    {
        stream.Dispose();
        hash.Dispose();
    }
}

using System.Security.Cryptography;

namespace ActorTrain.Data.Shards;

/// <summary>A file that is written once, from front to back, and hashed on the way.</summary>
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

    /// <summary>Brings the file to the disk and tells what is in it.</summary>
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

using System.Runtime.InteropServices;
using ActorTrain.Data.Sources;

namespace ActorTrain.Data.Shards;

/// <summary>Writes one part of a prepared folder: its tokens into shards of equal size, and where each document ends.</summary>
internal sealed class PartWriter : IDisposable
{
    private const int BufferTokens = 1 << 18;
    private readonly string folder;
    private readonly string name;
    private readonly long shardTokens;
    private readonly int tokenBytes;
    private readonly int endOfText;
    private readonly long[] frequencies;
    private readonly byte[] buffer;
    private readonly List<TokenFile> shards = [];
    private readonly List<long> ends = [];
    private HashedFile? documentEnds;
    private HashedFile? shard;
    private int buffered;
    private long documents;
    private long tokens;
    private long bytes;
    private bool isHead;

    public PartWriter(string folder, string name, int vocabularySize, int endOfText, long shardTokens)
    {
        this.folder = folder;
        this.name = name;
        this.endOfText = endOfText;
        this.shardTokens = shardTokens;
        tokenBytes = TokenIndex.WidthFor(vocabularySize);
        frequencies = new long[vocabularySize];
        buffer = new byte[BufferTokens * tokenBytes];
    }

    /// <summary>Appends a document, or a piece of one.</summary>
    /// <param name="ids">Without end of text.</param>
    /// <param name="textBytes">Length of its text in UTF-8.</param>
    /// <param name="end">An end of text is written at the end of a document, and behind the head of a divided one where another
    /// follows.</param>
    public void Append(ReadOnlySpan<int> ids, long textBytes, PieceEnd end)
    {
        if (isHead)
        {
            Put([endOfText]);
            EndDocument();
        }

        Put(ids);
        bytes += textBytes;
        isHead = end == PieceEnd.Divided;
        if (end != PieceEnd.Document)
            return;
        Put([endOfText]);
        EndDocument();
    }

    /// <summary>Appends a sequence that has an end of its own: no end of text is written.</summary>
    public void AppendSequence(ReadOnlySpan<int> ids)
    {
        Put(ids);
        EndDocument();
    }

    /// <summary>Counts text of sequences, in bytes of UTF-8.</summary>
    public void CountText(long textBytes) => bytes += textBytes;

    /// <summary>Syncs all files; null if nothing was appended.</summary>
    public PartIndex? Finish()
    {
        if (isHead)
            EndDocument();
        if (documents == 0)
            return null;
        Flush();
        FinishShard();
        FlushEnds();
        return new PartIndex(documents, tokens, bytes, Entropy(), shards, documentEnds!.Finish());
    }

    public void Dispose()
    {
        shard?.Dispose();
        documentEnds?.Dispose();
    }

    private void EndDocument()
    {
        documents++;
        ends.Add(tokens);
        if (ends.Count == BufferTokens)
            FlushEnds();
    }

    private void Put(ReadOnlySpan<int> ids)
    {
        while (!ids.IsEmpty)
        {
            var inShard = (shard?.Count ?? 0) + buffered;
            var length = (int)Math.Min(ids.Length, Math.Min(BufferTokens - buffered, shardTokens - inShard));
            Convert(ids[..length]);
            tokens += length;
            ids = ids[length..];
            if (inShard + length == shardTokens)
            {
                Flush();
                FinishShard();
            }
            else if (buffered == BufferTokens)
            {
                Flush();
            }
        }
    }

    private void Convert(ReadOnlySpan<int> ids)
    {
        var at = buffer.AsSpan(buffered * tokenBytes, ids.Length * tokenBytes);
        if (tokenBytes == sizeof(int))
        {
            MemoryMarshal.AsBytes(ids).CopyTo(at);
        }
        else
        {
            var narrow = MemoryMarshal.Cast<byte, ushort>(at);
            for (var i = 0; i < ids.Length; i++)
                narrow[i] = (ushort)ids[i];
        }

        foreach (var id in ids)
            frequencies[id]++;
        buffered += ids.Length;
    }

    private void Flush()
    {
        if (buffered == 0)
            return;
        shard ??= new HashedFile(folder, $"{name}-{shards.Count:D5}.bin");
        shard.Append(buffer.AsSpan(0, buffered * tokenBytes), buffered);
        buffered = 0;
    }

    private void FlushEnds()
    {
        documentEnds ??= new HashedFile(folder, $"{name}-documents.bin");
        documentEnds.Append(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(ends)), ends.Count);
        ends.Clear();
    }

    private void FinishShard()
    {
        if (shard is null)
            return;
        shards.Add(shard.Finish());
        shard.Dispose();
        shard = null;
    }

    /// <summary>−Σ p ln p over the token frequencies, in nats.</summary>
    private double Entropy()
    {
        var sum = 0.0;
        foreach (var frequency in frequencies)
        {
            if (frequency > 0)
                sum -= (double)frequency / tokens * Math.Log((double)frequency / tokens);
        }

        return sum;
    }
}

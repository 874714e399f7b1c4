using System.Diagnostics.CodeAnalysis;
using ActorTrain.Models;

namespace ActorTrain.Data.Shards;

/// <summary>The training or validation part of prepared data: one sequence of tokens over memory-mapped shards.</summary>
/// <remarks>Thread-safe, until the store is disposed of.</remarks>
[SuppressMessage("Design", "CA1001", Justification = "The store owns the mapped files and disposes of them.")]
public sealed class TokenPart
{
    private readonly string folder;
    private readonly string name;
    private readonly PartIndex index;
    private readonly MappedFile[] shards;
    private readonly MappedFile documentEnds;
    private readonly long shardTokens;
    private readonly int tokenBytes;
    private readonly uint vocabularySize;
    private readonly int endOfText;

    internal TokenPart(string folder, string name, TokenIndex whole, PartIndex index, List<MappedFile> opened)
    {
        this.folder = folder;
        this.name = name;
        this.index = index;
        shardTokens = whole.ShardTokens;
        tokenBytes = whole.TokenBytes;
        vocabularySize = (uint)whole.VocabularySize;
        endOfText = whole.EndOfText;
        shards = new MappedFile[index.Shards.Count];
        for (var i = 0; i < shards.Length; i++)
            opened.Add(shards[i] = new MappedFile(folder, index.Shards[i], tokenBytes));
        opened.Add(documentEnds = new MappedFile(folder, index.DocumentEnds, sizeof(long)));
    }

    public long Documents => index.Documents;

    /// <summary>Including an end of text after each document.</summary>
    public long Tokens => index.Tokens;

    /// <summary>Of its text in UTF-8.</summary>
    public long Bytes => index.Bytes;

    /// <summary>Entropy of its token frequencies in nats per token: the loss of a model that knows nothing but these frequencies.</summary>
    public double UnigramEntropy => index.UnigramEntropy;

    /// <summary>The longest context with a sample; 0 if there is none.</summary>
    private long LongestContext => Tokens - 1;

    /// <summary>The number of samples: each covers <paramref name="context"/> tokens and the one after them.</summary>
    /// <exception cref="UserErrorException">The text is shorter than one sample.</exception>
    public long SampleCount(int context)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(context, 1);
        return context <= LongestContext
            ? (Tokens - 1) / context
            : throw new UserErrorException(
                $"The {name} part of {folder} holds {Tokens} tokens, fewer than one sequence of {context} + 1: "
                + "prepare more text with `actortrain prepare`"
                + (LongestContext > 0 ? $", or choose a model.context of at most {LongestContext}." : "."));
    }

    /// <summary>Reads a sample: the context + 1 tokens from sample·context on. The first <c>context</c> of them are inputs, the last
    /// <c>context</c> targets.</summary>
    /// <param name="sample">0 … <see cref="SampleCount"/>−1.</param>
    /// <param name="window">Filled; context + 1 long.</param>
    public void ReadSample(long sample, int context, Span<long> window)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sample);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(sample, SampleCount(context));
        ArgumentOutOfRangeException.ThrowIfNotEqual(window.Length, context + 1, nameof(window));
        Read(sample * context, window);
    }

    /// <summary>Reads a window for evaluation: targets and the tokens before them. An end of text precedes the first token of the part, as
    /// between any two documents, so consecutive windows make every token a target once.</summary>
    /// <param name="window">Filled; one longer than there are targets.</param>
    public void ReadTargets(long target, Span<long> window)
    {
        if (target > 0)
        {
            Read(target - 1, window);
            return;
        }

        window[0] = endOfText;
        Read(0, window[1..]);
    }

    /// <summary>Reads tokens from any position, across shard boundaries.</summary>
    /// <exception cref="UserErrorException">A shard contains an id outside the vocabulary: it was altered.</exception>
    public void Read(long first, Span<long> tokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first + tokens.Length, Tokens, nameof(first));
        while (!tokens.IsEmpty)
        {
            var (shard, offset) = Math.DivRem(first, shardTokens);
            var length = (int)Math.Min(tokens.Length, shards[shard].Count - offset);
            if (Widen(shards[shard], offset, tokens[..length]) >= vocabularySize)
            {
                var file = Path.Combine(folder, index.Shards[(int)shard].Name);
                throw new UserErrorException(
                    $"The token file {file} has a token outside the vocabulary of {vocabularySize}: "
                    + $"copy it again, or {TokenIndex.Fix}.");
            }

            first += length;
            tokens = tokens[length..];
        }
    }

    /// <summary>The first token of a document, and the one after its last.</summary>
    /// <exception cref="UserErrorException">The file of document ends was altered.</exception>
    internal (long First, long End) RangeOf(long document)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(document);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(document, Documents);
        var first = document == 0 ? 0 : documentEnds.Items<long>(document - 1, 1)[0];
        var end = documentEnds.Items<long>(document, 1)[0];
        return first >= 0 && first <= end && end <= Tokens ? (first, end) : throw new UserErrorException(
            $"The token file {Path.Combine(folder, index.DocumentEnds.Name)} is corrupt: copy it again, or {TokenIndex.Fix}.");
    }

    /// <summary>Copies tokens and returns the largest, so that no id can exceed the embedding.</summary>
    private uint Widen(MappedFile shard, long offset, Span<long> tokens)
    {
        var largest = 0u;
        if (tokenBytes == sizeof(ushort))
        {
            var source = shard.Items<ushort>(offset, tokens.Length);
            for (var i = 0; i < source.Length; i++)
            {
                tokens[i] = source[i];
                largest = Math.Max(largest, source[i]);
            }
        }
        else
        {
            var source = shard.Items<uint>(offset, tokens.Length);
            for (var i = 0; i < source.Length; i++)
            {
                tokens[i] = source[i];
                largest = Math.Max(largest, source[i]);
            }
        }

        return largest;
    }
}

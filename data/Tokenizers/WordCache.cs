using System.Collections.Concurrent;
using System.IO.Hashing;

namespace ActorTrain.Data.Tokenizers;

/// <summary>Caches the ids of recent words. Natural text repeats its words, so nearly all are found here.</summary>
/// <remarks>Words are kept in two generations of at most 2^17 words of up to 64 bytes. When the young one is full it becomes the old one,
/// and the former old one is dropped except for words used meanwhile. So at most 2^18 words are kept, which take at most 120 MB.</remarks>
internal sealed class WordCache
{
    /// <summary>Longer words are seldom repeated.</summary>
    public const int LongestWord = 64;

    /// <summary>Limit of a generation.</summary>
    public const int MostWords = 1 << 17;

    private volatile Generations generations = new(new Generation(), new Generation());

    public int Count => generations.Young.Words.Count + generations.Old.Words.Count;

    public bool TryGet(ReadOnlySpan<byte> word, out int[] ids)
    {
        var (young, old) = generations;
        if (young.Find(word, out ids))
            return true;
        if (!old.Find(word, out ids))
            return false;
        Add(word, ids);
        return true;
    }

    public void Add(ReadOnlySpan<byte> word, ReadOnlySpan<int> ids)
    {
        if (word.Length > LongestWord)
            return;
        var now = generations;
        if (now.Young.Add(word.ToArray(), ids.ToArray()) == MostWords)
            generations = new Generations(new Generation(), now.Young);
    }

    private sealed record Generations(Generation Young, Generation Old);

    private sealed class Generation
    {
        private int count;

        public ConcurrentDictionary<byte[], int[]> Words { get; } = new(new ByWord());

        public bool Find(ReadOnlySpan<byte> word, out int[] ids) =>
            Words.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(word, out ids!);

        /// <summary>Adds a word, unless the generation is full; returns the number of words if it was added, else 0.</summary>
        public int Add(byte[] word, int[] ids) =>
            Volatile.Read(ref count) < MostWords && Words.TryAdd(word, ids) ? Interlocked.Increment(ref count) : 0;
    }

    private sealed class ByWord : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] obj) => GetHashCode(obj.AsSpan());

        public int GetHashCode(ReadOnlySpan<byte> alternate) => (int)XxHash3.HashToUInt64(alternate);
    }
}

using System.Collections.Concurrent;

namespace ActorTrain.Data.Tokenizers;

/// <summary>Remembers the ids of words. Natural text repeats its words, so nearly all are found here.</summary>
internal sealed class WordCache
{
    /// <summary>Longer words are seldom repeated.</summary>
    public const int LongestWord = 64;

    private const int MostWords = 1 << 18;
    private readonly ConcurrentDictionary<byte[], int[]> words = new(new ByWord());
    private int count;

    public bool TryGet(ReadOnlySpan<byte> word, out int[] ids) => words.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(word, out ids!);

    /// <summary>Remembers a word, unless the cache is full: then what is there stays.</summary>
    public void Add(ReadOnlySpan<byte> word, ReadOnlySpan<int> ids)
    {
        if (word.Length <= LongestWord && Volatile.Read(ref count) < MostWords && words.TryAdd(word.ToArray(), ids.ToArray()))
            Interlocked.Increment(ref count);
    }

    private sealed class ByWord : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] obj) => GetHashCode(obj.AsSpan());

        public int GetHashCode(ReadOnlySpan<byte> alternate)
        {
            var hash = 0xCBF29CE484222325UL;
            foreach (var value in alternate)
                hash = (hash ^ value) * 0x100000001B3;
            return (int)(hash ^ (hash >> 32));
        }
    }
}

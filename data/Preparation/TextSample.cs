using ActorTrain.Data.Sources;
using ActorTrain.Models.Randomness;

namespace ActorTrain.Data.Preparation;

/// <summary>Draws random pieces of text from a corpus of any size, in one pass and bounded memory.</summary>
/// <remarks>Documents are split into pieces of at most 16 KiB. Each has a random rank by (seed, ordinal), and those of the lowest ranks
/// that fit are kept; so the sample depends on nothing else. About an eighth of the sample can come from one document by such a rank; its
/// further pieces rank after all others.</remarks>
internal sealed class TextSample(ulong seed, long mostBytes)
{
    private const int PieceBytes = 1 << 13;
    private const int ShareOfDocument = 8;
    private const ulong Use = 0x53616D706C653031;
    private readonly PriorityQueue<(long Ordinal, byte[] Text), ulong> kept = new(Comparer<ulong>.Create(static (a, b) => b.CompareTo(a)));
    private ulong bound = ulong.MaxValue;
    private long bytes;
    private long ordinal;

    /// <param name="text">Valid UTF-8.</param>
    public void Offer(ReadOnlySpan<byte> text, long documentBytes)
    {
        for (; !text.IsEmpty; ordinal++)
        {
            var length = TextCut.At(text, PieceBytes);
            var random = SplitMix64.Scatter(seed ^ Use, (ulong)ordinal);
            var isBeyondShare = SplitMix64.Fraction(SplitMix64.Scatter(random, 0)) * documentBytes * ShareOfDocument >= mostBytes;
            Keep(text[..length], (random >> 1) | (isBeyondShare ? 1UL << 63 : 0));
            text = text[length..];
        }
    }

    /// <summary>The kept pieces, in corpus order.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Texts() =>
        kept.UnorderedItems.OrderBy(static item => item.Element.Ordinal).Select(static item => (ReadOnlyMemory<byte>)item.Element.Text);

    private void Keep(ReadOnlySpan<byte> text, ulong rank)
    {
        if (rank >= bound)
            return;
        kept.Enqueue((ordinal, text.ToArray()), rank);
        bytes += text.Length;
        while (bytes > mostBytes && kept.Count > 1)
        {
            kept.TryDequeue(out var dropped, out bound);
            bytes -= dropped.Text.Length;
        }
    }
}

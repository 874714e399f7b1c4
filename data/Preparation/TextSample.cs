using ActorTrain.Data.Plan;
using ActorTrain.Data.Sources;

namespace ActorTrain.Data.Preparation;

/// <summary>Draws documents at random from a corpus of any size, in one pass and bounded memory.</summary>
/// <remarks>Each document has a random rank by (seed, ordinal), and those of the lowest ranks that fit are kept; so what is drawn depends on
/// nothing else.</remarks>
internal sealed class TextSample(ulong seed, long mostBytes)
{
    private const ulong Use = 0x53616D706C653031;
    private readonly PriorityQueue<(long Ordinal, byte[] Text), ulong> kept = new(Comparer<ulong>.Create(static (a, b) => b.CompareTo(a)));
    private ulong bound = ulong.MaxValue;
    private long bytes;

    public void Offer(long ordinal, in Document document)
    {
        var rank = SplitMix.Scatter(seed ^ Use, (ulong)ordinal);
        if (rank >= bound)
            return;
        kept.Enqueue((ordinal, document.Text.ToArray()), rank);
        bytes += document.Text.Length;
        while (bytes > mostBytes && kept.Count > 1)
        {
            kept.TryDequeue(out var dropped, out bound);
            bytes -= dropped.Text.Length;
        }
    }

    /// <summary>The documents kept, in the order of the corpus.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Texts() =>
        kept.UnorderedItems.OrderBy(static item => item.Element.Ordinal).Select(static item => (ReadOnlyMemory<byte>)item.Element.Text);
}

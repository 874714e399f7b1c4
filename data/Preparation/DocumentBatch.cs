using System.Buffers;
using ActorTrain.Data.Sources;
using ActorTrain.Data.Tokenizers;

namespace ActorTrain.Data.Preparation;

/// <summary>Some documents that are encoded at once, on all cores; their order stays.</summary>
internal sealed class DocumentBatch
{
    private const int FullBytes = 4 << 20;
    private readonly ArrayBufferWriter<byte> text = new(FullBytes + (1 << 16));
    private readonly List<(int Start, int Length)> documents = [];
    private readonly List<ArrayBufferWriter<int>> ids = [];

    /// <summary>Bytes of all files that were read when the last document was added.</summary>
    public long BytesRead { get; private set; }

    public int Count => documents.Count;

    /// <summary>Takes documents until it is full; false when there was none.</summary>
    public bool Fill(IEnumerator<Document> source)
    {
        text.ResetWrittenCount();
        documents.Clear();
        while (text.WrittenCount < FullBytes && source.MoveNext())
        {
            var document = source.Current;
            documents.Add((text.WrittenCount, document.Text.Length));
            text.Write(document.Text.Span);
            BytesRead = document.BytesRead;
        }

        return documents.Count > 0;
    }

    public void Encode(ITokenizer tokenizer, CancellationToken cancellation)
    {
        while (ids.Count < documents.Count)
            ids.Add(new ArrayBufferWriter<int>());
        var options = new ParallelOptions { CancellationToken = cancellation, MaxDegreeOfParallelism = Environment.ProcessorCount };
        Parallel.For(0, documents.Count, options, i =>
        {
            var (start, length) = documents[i];
            ids[i].ResetWrittenCount();
            tokenizer.Encode(text.WrittenSpan.Slice(start, length), ids[i]);
        });
    }

    public (ReadOnlyMemory<int> Ids, int Bytes) this[int document] => (ids[document].WrittenMemory, documents[document].Length);
}

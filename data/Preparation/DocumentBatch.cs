using System.Buffers;
using System.Runtime.InteropServices;
using ActorTrain.Data.Sources;
using ActorTrain.Data.Tokenizers;

namespace ActorTrain.Data.Preparation;

/// <summary>Pieces of documents that are encoded together on all cores; keeps their order.</summary>
internal sealed class DocumentBatch
{
    private const int FullBytes = 4 << 20;
    private const int GroupBytes = 1 << 16;
    private readonly ArrayBufferWriter<byte> text = new(FullBytes + GroupBytes);
    private readonly List<int> textLengths = [];
    private readonly List<(PieceEnd End, bool IsValidation)> places = [];
    private readonly List<Group> groups = [];
    private int groupCount;

    /// <summary>Bytes of all files that were read when the last piece was added.</summary>
    public long BytesRead { get; private set; }

    /// <summary>Takes pieces until it is full; false if there was none.</summary>
    public bool Fill(IEnumerator<DocumentPiece> source)
    {
        text.ResetWrittenCount();
        textLengths.Clear();
        places.Clear();
        groupCount = 0;
        while (text.WrittenCount < FullBytes && source.MoveNext())
        {
            var piece = source.Current;
            AddToGroup();
            textLengths.Add(piece.Text.Length);
            places.Add((piece.End, piece.IsValidation));
            text.Write(piece.Text.Span);
            BytesRead = piece.BytesRead;
        }

        return textLengths.Count > 0;
    }

    public void Encode(ITokenizer tokenizer, CancellationToken cancellation)
    {
        var options = new ParallelOptions { CancellationToken = cancellation, MaxDegreeOfParallelism = Environment.ProcessorCount };
        Parallel.For(0, groupCount, options,
            i => groups[i].Encode(tokenizer, text.WrittenSpan[groups[i].TextStart..], LengthsOf(groups[i])));
    }

    /// <summary>The documents in order: ids, and length of the text in bytes.</summary>
    public IEnumerable<(ReadOnlyMemory<int> Ids, int TextBytes, PieceEnd End, bool IsValidation)> Encoded()
    {
        foreach (var group in groups.Take(groupCount))
        {
            var start = 0;
            for (var i = 0; i < group.Pieces; i++)
            {
                var (end, validation) = places[group.FirstPiece + i];
                yield return (group.Ids.WrittenMemory[start..group.Ends[i]], textLengths[group.FirstPiece + i], end, validation);
                start = group.Ends[i];
            }
        }
    }

    private void AddToGroup()
    {
        if (groupCount == 0 || text.WrittenCount - groups[groupCount - 1].TextStart >= GroupBytes)
        {
            if (groups.Count == groupCount)
                groups.Add(new Group());
            groups[groupCount++].Begin(textLengths.Count, text.WrittenCount);
        }

        groups[groupCount - 1].Pieces++;
    }

    private ReadOnlySpan<int> LengthsOf(Group group) => CollectionsMarshal.AsSpan(textLengths).Slice(group.FirstPiece, group.Pieces);

    /// <summary>Neighbouring pieces that one core encodes; a task for each small one would be too expensive.</summary>
    private sealed class Group
    {
        public int FirstPiece { get; private set; }

        public int TextStart { get; private set; }

        public int Pieces { get; set; }

        public ArrayBufferWriter<int> Ids { get; } = new();

        public List<int> Ends { get; } = [];

        public void Begin(int firstPiece, int textStart) => (FirstPiece, TextStart, Pieces) = (firstPiece, textStart, 0);

        public void Encode(ITokenizer tokenizer, ReadOnlySpan<byte> text, ReadOnlySpan<int> lengths)
        {
            Ids.ResetWrittenCount();
            Ends.Clear();
            foreach (var length in lengths)
            {
                tokenizer.Encode(text[..length], Ids);
                Ends.Add(Ids.WrittenCount);
                text = text[length..];
            }
        }
    }
}

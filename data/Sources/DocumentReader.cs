using System.Text;
using ActorTrain.Models;
using ActorTrain.Models.Options;

namespace ActorTrain.Data.Sources;

/// <summary>Streams the documents of a corpus in a fixed order, one in memory at a time.</summary>
/// <remarks>
/// <para>A document is a record of a <c>.jsonl</c> file, the text between two separators if one is given, or else a plain text file. One
/// of more than twice <see cref="PieceBytes"/> is read in pieces, so that it may be larger than memory; joined, they are the file.</para>
/// <para>A byte order mark at the head of a file is skipped. Empty documents are skipped and counted, like everything else in the files
/// that is not in the documents: <see cref="Omissions"/>.</para>
/// </remarks>
public sealed class DocumentReader
{
    /// <summary>The least size in bytes of a piece of a plain text file, except its last one.</summary>
    public const int PieceBytes = 1 << 15;

    private readonly SourceOptions options;
    private readonly byte[]? separator;
    private readonly SourceFiles found;
    private readonly FileTally[] tallies;

    /// <param name="cancellation">Ends the listing of folders.</param>
    /// <exception cref="UserErrorException">An option is invalid, or an input matches no file.</exception>
    public DocumentReader(SourceOptions options, CancellationToken cancellation = default)
    {
        options.Require();
        this.options = options;
        separator = options.DocumentSeparator is { } text ? Encoding.UTF8.GetBytes(text) : null;
        found = new SourceFiles(options.Inputs, SourceFile.KnownEndings, cancellation);
        tallies = new FileTally[Files.Count];
        TotalBytes = Files.Sum(static file => file.Length);
    }

    /// <summary>In reading order.</summary>
    public IReadOnlyList<SourceFile> Files => found.Files;

    /// <summary>On disk, in bytes.</summary>
    public long TotalBytes { get; }

    /// <summary>What is in the files but not in the documents, as of the last complete reading.</summary>
    public Omissions Omissions => new(
        found.PassedOver,
        found.Special,
        found.Doubles,
        [.. Files.Where((_, i) => tallies[i] is { HasText: false }).Select(static file => file.Path)],
        CountsOf(static tally => tally.EmptyDocuments),
        CountsOf(static tally => tally.Replaced?.Count ?? 0));

    /// <summary>Reads the corpus from its beginning.</summary>
    /// <exception cref="UserErrorException">While enumerating: a file is empty, unreadable, not text, not UTF-8, or a line of it is not a
    /// record with a text.</exception>
    public IEnumerable<DocumentPiece> Read(CancellationToken cancellation = default)
    {
        var bytesBefore = 0L;
        for (var source = 0; source < Files.Count; source++)
        {
            var file = Files[source];
            var tally = tallies[source] = new FileTally(options.Lenient ? new Replacements() : null);
            using var buffer = new TextBuffer(file, tally.Replaced, cancellation);
            RecordLines.SkipMark(buffer);
            var offset = 0L;
            foreach (var (text, end) in TextsOf(file, buffer, tally))
            {
                cancellation.ThrowIfCancellationRequested();
                if (text.IsEmpty)
                    continue;
                tally.HasText = true;
                yield return new DocumentPiece(text, source, offset, end, bytesBefore + buffer.BytesRead);
                offset = end == PieceEnd.Open ? offset + text.Length : 0;
            }

            if (!tally.HasText && !options.Lenient)
                throw new UserErrorException(
                    $"{file.Path} is empty: "
                    + (Files.Count > 1 ? "remove it from --input, or pass --lenient to skip empty files." : "name a file with text."));
            bytesBefore += file.Length;
        }
    }

    private FileCount[] CountsOf(Func<FileTally, long> count) =>
        [.. Files.Zip(tallies).Where(pair => pair.Second is not null && count(pair.Second) > 0)
            .Select(pair => new FileCount(pair.First.Path, count(pair.Second)))];

    private IEnumerable<(ReadOnlyMemory<byte> Text, PieceEnd End)> TextsOf(SourceFile file, TextBuffer buffer, FileTally tally)
    {
        if (!file.HoldsRecords && separator is null)
            return Pieces(file, buffer, tally);
        var texts = file.HoldsRecords ? Records(file, buffer, tally) : Blocks(file, buffer, tally, separator!);
        return texts.Select(static text => (text, PieceEnd.Document));
    }

    private IEnumerable<ReadOnlyMemory<byte>> Records(SourceFile file, TextBuffer buffer, FileTally tally)
    {
        var record = new JsonRecord(file.Path, options.TextField, tally.Replaced);
        foreach (var (line, number) in RecordLines.Of(file, buffer, tally.Replaced))
        {
            if (record.TextOf(line, number) is not { } text)
                continue;
            if (text.IsEmpty)
                tally.EmptyDocuments++;
            yield return text;
        }
    }

    private static IEnumerable<ReadOnlyMemory<byte>> Blocks(SourceFile file, TextBuffer buffer, FileTally tally, byte[] mark)
    {
        for (var isFirst = true; buffer.Window.Length > 0 || !buffer.AtEnd; isFirst = false)
        {
            var at = buffer.Find(mark);
            var text = Checked(file, buffer, tally, at < 0 ? buffer.Window.Length : at);
            buffer.Advance(at < 0 ? buffer.Window.Length : at + mark.Length);

            // A file may begin and end with a separator.
            if (at == 0 && !isFirst)
                tally.EmptyDocuments++;
            yield return text;
        }
    }

    private static IEnumerable<(ReadOnlyMemory<byte> Text, PieceEnd End)> Pieces(SourceFile file, TextBuffer buffer, FileTally tally)
    {
        // A window shorter than requested is the end of the file.
        for (buffer.Fill(2 * PieceBytes + 1); buffer.Window.Length > 0; buffer.Fill(2 * PieceBytes + 1))
        {
            var length = TextCut.At(buffer.Window.Span, PieceBytes);
            var end = length == buffer.Window.Length ? PieceEnd.Document : PieceEnd.Open;
            var text = Checked(file, buffer, tally, length);
            buffer.Advance(length);
            yield return (text, end);
        }
    }

    private static ReadOnlyMemory<byte> Checked(SourceFile file, TextBuffer buffer, FileTally tally, int length) =>
        Utf8Text.Checked(buffer.Window[..length], file.Path, buffer.Offset, tally.Replaced);

    private sealed class FileTally(Replacements? replaced)
    {
        /// <summary>The replaced characters; null if they are rejected.</summary>
        public Replacements? Replaced => replaced;

        public long EmptyDocuments { get; set; }

        public bool HasText { get; set; }
    }
}

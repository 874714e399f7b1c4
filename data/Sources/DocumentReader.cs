using System.Text;
using ActorTrain.Models;
using ActorTrain.Models.Options;

namespace ActorTrain.Data.Sources;

/// <summary>Streams the documents of a corpus in a fixed order, one in memory at a time.</summary>
/// <remarks>
/// <para>A document is a record of a <c>.jsonl</c> file; or what stands between two separators, when one is given; or else a plain text
/// file. One of more than twice <see cref="PieceBytes"/> comes in pieces, so that it may be larger than memory; joined, they are the
/// file.</para>
/// <para>A byte order mark at the head of a file is skipped. Documents without a byte are passed over.</para>
/// </remarks>
public sealed class DocumentReader
{
    /// <summary>The least size in bytes of a piece of a plain text file, its last one excepted.</summary>
    public const int PieceBytes = 1 << 15;

    private static readonly byte[] ByteOrderMark = [0xEF, 0xBB, 0xBF];
    private readonly SourceOptions options;
    private readonly byte[]? separator;

    /// <summary>Finds the files of the inputs.</summary>
    /// <exception cref="UserErrorException">An option has no sense, or an input stands for no file.</exception>
    public DocumentReader(SourceOptions options)
    {
        options.Require();
        this.options = options;
        separator = options.DocumentSeparator is { } text ? Encoding.UTF8.GetBytes(text) : null;
        (Files, PassedOver) = SourceFiles.Find(options.Inputs);
        TotalBytes = Files.Sum(static file => file.Length);
    }

    /// <summary>The files in reading order.</summary>
    public IReadOnlyList<SourceFile> Files { get; }

    /// <summary>Files in the folders of the inputs that are not read, for their names end in nothing that is known.</summary>
    public IReadOnlyList<string> PassedOver { get; }

    /// <summary>Size of all files on disk, in bytes.</summary>
    public long TotalBytes { get; }

    /// <summary>Reads the corpus from its beginning.</summary>
    /// <exception cref="UserErrorException">While enumerating: a file is empty, unreadable, no text, not UTF-8, or a line of it is no
    /// record with a text.</exception>
    public IEnumerable<DocumentPiece> Read(CancellationToken cancellation = default)
    {
        var bytesBefore = 0L;
        for (var source = 0; source < Files.Count; source++)
        {
            var file = Files[source];
            using var buffer = new TextBuffer(file, options.Lenient);
            buffer.Fill(ByteOrderMark.Length);
            if (buffer.Window.Span.StartsWith(ByteOrderMark))
                buffer.Advance(ByteOrderMark.Length);

            var offset = 0L;
            var found = false;
            foreach (var (text, end) in TextsOf(file, buffer))
            {
                cancellation.ThrowIfCancellationRequested();
                if (text.IsEmpty)
                    continue;
                found = true;
                yield return new DocumentPiece(text, source, offset, end, bytesBefore + buffer.BytesRead);
                offset = end == PieceEnd.Open ? offset + text.Length : 0;
            }

            if (!found && !options.Lenient)
                throw new UserErrorException(
                    $"{file.Path} is empty: remove it from --input, or pass --lenient to skip empty files.");
            bytesBefore += file.Length;
        }
    }

    private IEnumerable<(ReadOnlyMemory<byte> Text, PieceEnd End)> TextsOf(SourceFile file, TextBuffer buffer)
    {
        if (file.HoldsRecords)
            return Records(file, buffer).Select(static text => (text, PieceEnd.Document));
        return separator is null ? Pieces(file, buffer) : Blocks(file, buffer, separator).Select(static text => (text, PieceEnd.Document));
    }

    private IEnumerable<ReadOnlyMemory<byte>> Records(SourceFile file, TextBuffer buffer)
    {
        var record = new JsonRecord(file.Path, options.TextField, options.Lenient);
        for (var line = 1L; buffer.Window.Length > 0 || !buffer.AtEnd; line++)
        {
            var at = buffer.Find("\n"u8);
            var text = Checked(file, buffer, at < 0 ? buffer.Window.Length : at);
            buffer.Advance(at < 0 ? buffer.Window.Length : at + 1);
            yield return record.TextOf(text, line);
        }
    }

    private IEnumerable<ReadOnlyMemory<byte>> Blocks(SourceFile file, TextBuffer buffer, byte[] mark)
    {
        while (buffer.Window.Length > 0 || !buffer.AtEnd)
        {
            var at = buffer.Find(mark);
            var text = Checked(file, buffer, at < 0 ? buffer.Window.Length : at);
            buffer.Advance(at < 0 ? buffer.Window.Length : at + mark.Length);
            yield return text;
        }
    }

    private IEnumerable<(ReadOnlyMemory<byte> Text, PieceEnd End)> Pieces(SourceFile file, TextBuffer buffer)
    {
        // A window shorter than asked for is the end of the file.
        for (buffer.Fill(2 * PieceBytes + 1); buffer.Window.Length > 0; buffer.Fill(2 * PieceBytes + 1))
        {
            var length = TextCut.At(buffer.Window.Span, PieceBytes);
            var end = length == buffer.Window.Length ? PieceEnd.Document : PieceEnd.Open;
            var text = Checked(file, buffer, length);
            buffer.Advance(length);
            yield return (text, end);
        }
    }

    private ReadOnlyMemory<byte> Checked(SourceFile file, TextBuffer buffer, int length) =>
        Utf8Text.Checked(buffer.Window[..length], file.Path, buffer.Offset, options.Lenient);
}

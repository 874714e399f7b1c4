using System.Text;
using ActorTrain.Models;

namespace ActorTrain.Data.Sources;

/// <summary>Streams the documents of a corpus in a fixed order, one in memory at a time.</summary>
/// <remarks>
/// <para>A document is a record of a <c>.jsonl</c> file; or what stands between two separators, when one is given; or a plain text file of at
/// most <see cref="WholeFileBytes"/>. A larger plain text file is cut into documents of about <see cref="CutBytes"/>, at the first blank line
/// after that size, else the first line end, else the first space within twice the size; so that a corpus of one file has documents to hold out.
/// Nothing is lost by the cuts: the documents joined are the file.</para>
/// <para>A byte order mark at the head of a file is left out. Documents without a byte are passed over.</para>
/// </remarks>
public sealed class DocumentReader
{
    /// <summary>Up to this size in bytes a plain text file is one document.</summary>
    public const int WholeFileBytes = 1 << 16;

    /// <summary>The least size in bytes of a document cut from a larger plain text file, its last one excepted.</summary>
    public const int CutBytes = 1 << 13;

    private static readonly byte[] ByteOrderMark = [0xEF, 0xBB, 0xBF];
    private readonly SourceOptions options;
    private readonly byte[]? separator;

    /// <summary>Finds the files of the inputs.</summary>
    /// <exception cref="UserErrorException">An option has no sense, or an input stands for no file.</exception>
    public DocumentReader(SourceOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        this.options = options;
        separator = options.DocumentSeparator is { } text ? Encoding.UTF8.GetBytes(text) : null;
        Files = SourceFiles.Find(options.Inputs);
        TotalBytes = Files.Sum(static file => file.Length);
    }

    /// <summary>The files in reading order.</summary>
    public IReadOnlyList<SourceFile> Files { get; }

    /// <summary>Size of all files on disk, in bytes.</summary>
    public long TotalBytes { get; }

    /// <summary>Reads the corpus from its beginning.</summary>
    /// <exception cref="UserErrorException">While enumerating: a file is empty, unreadable, not UTF-8, or a line of it is no record with a text.</exception>
    public IEnumerable<Document> Read(CancellationToken cancellation = default)
    {
        var bytesBefore = 0L;
        foreach (var file in Files)
        {
            using var buffer = new TextBuffer(file);
            buffer.Fill(WholeFileBytes + 1);
            if (buffer.Window.Span.StartsWith(ByteOrderMark))
                buffer.Advance(ByteOrderMark.Length);

            var found = false;
            foreach (var text in TextsOf(file, buffer))
            {
                cancellation.ThrowIfCancellationRequested();
                if (text.IsEmpty)
                    continue;
                found = true;
                yield return new Document(text, file.Path, bytesBefore + buffer.BytesRead);
            }

            if (!found && !options.Lenient)
                throw new UserErrorException(
                    $"{file.Path} is empty: leave it out of --input, or pass --lenient to pass over files without text.");
            bytesBefore += file.Length;
        }
    }

    private IEnumerable<ReadOnlyMemory<byte>> TextsOf(SourceFile file, TextBuffer buffer)
    {
        if (file.HoldsRecords)
            return Records(file, buffer);
        return separator is null ? Cuts(file, buffer) : Blocks(file, buffer, separator);
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

    private IEnumerable<ReadOnlyMemory<byte>> Cuts(SourceFile file, TextBuffer buffer)
    {
        var whole = buffer.AtEnd && buffer.Window.Length <= WholeFileBytes;
        while (buffer.Window.Length > 0)
        {
            var length = whole ? buffer.Window.Length : CutOf(buffer.Window.Span);
            var text = Checked(file, buffer, length);
            buffer.Advance(length);
            yield return text;
            buffer.Fill(2 * CutBytes + 1);
        }
    }

    private ReadOnlyMemory<byte> Checked(SourceFile file, TextBuffer buffer, int length) =>
        Utf8Text.Checked(buffer.Window[..length], file.Path, buffer.Offset, options.Lenient);

    private static int CutOf(ReadOnlySpan<byte> window)
    {
        if (window.Length <= 2 * CutBytes)
            return window.Length;
        var reach = window[CutBytes..(2 * CutBytes)];
        if (After(reach, "\n\n"u8) is { } paragraph)
            return paragraph;
        if (After(reach, "\n\r\n"u8) is { } paragraphOfDos)
            return paragraphOfDos;
        return After(reach, "\n"u8) ?? After(reach, " "u8) ?? Utf8Text.CharacterBoundary(window, 2 * CutBytes);
    }

    private static int? After(ReadOnlySpan<byte> reach, ReadOnlySpan<byte> mark) =>
        reach.IndexOf(mark) is var at and >= 0 ? CutBytes + at + mark.Length : null;
}

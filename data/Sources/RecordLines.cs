namespace ActorTrain.Data.Sources;

/// <summary>The lines of a <c>.jsonl</c> file, numbered from 1.</summary>
internal static class RecordLines
{
    private static readonly byte[] ByteOrderMark = [0xEF, 0xBB, 0xBF];

    /// <summary>Skips a byte order mark at the head of a file.</summary>
    public static void SkipMark(TextBuffer buffer)
    {
        buffer.Fill(ByteOrderMark.Length);
        if (buffer.Window.Span.StartsWith(ByteOrderMark))
            buffer.Advance(ByteOrderMark.Length);
    }

    /// <summary>The lines, valid UTF-8, each valid until the next is requested.</summary>
    /// <param name="replaced">Counts what is replaced; null if invalid text is rejected.</param>
    public static IEnumerable<(ReadOnlyMemory<byte> Line, long Number)> Of(SourceFile file, TextBuffer buffer, Replacements? replaced)
    {
        for (var number = 1L; buffer.Window.Length > 0 || !buffer.AtEnd; number++)
        {
            var at = buffer.Find("\n"u8);
            var length = at < 0 ? buffer.Window.Length : at;
            var line = Utf8Text.Checked(buffer.Window[..length], file.Path, buffer.Offset, replaced);
            buffer.Advance(at < 0 ? length : at + 1);
            yield return (line, number);
        }
    }

    public static bool IsBlank(ReadOnlyMemory<byte> line) => line.Span.IndexOfAnyExcept(" \t\r"u8) < 0;
}

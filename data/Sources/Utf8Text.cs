using System.Buffers;
using System.Text;
using System.Text.Unicode;
using ActorTrain.Models;

namespace ActorTrain.Data.Sources;

internal static class Utf8Text
{
    /// <summary>Returns the text itself if valid; otherwise rejects it, or (lenient) returns it with U+FFFD for each invalid
    /// part.</summary>
    /// <param name="replaced">Counts what is replaced; null if invalid text is rejected.</param>
    /// <exception cref="UserErrorException">The text is invalid and not to be repaired.</exception>
    public static ReadOnlyMemory<byte> Checked(ReadOnlyMemory<byte> text, string file, long offset, Replacements? replaced)
    {
        if (Utf8.IsValid(text.Span))
            return text;
        if (replaced is not null)
        {
            var repaired = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(text.Span));
            replaced.Count += repaired.AsSpan().Count("\uFFFD"u8) - text.Span.Count("\uFFFD"u8);
            return repaired;
        }

        throw new UserErrorException(
            $"{file} is not UTF-8 at byte {offset + FirstInvalid(text.Span)}: "
            + "convert it (iconv -t UTF-8), or pass --lenient to replace invalid bytes with U+FFFD.");
    }

    /// <summary>The last position at or before <paramref name="index"/> that is not inside a character.</summary>
    public static int CharacterBoundary(ReadOnlySpan<byte> text, int index)
    {
        var at = index;
        while (at > 0 && at < text.Length && index - at < 3 && (text[at] & 0xC0) == 0x80)
            at--;
        return at;
    }

    private static long FirstInvalid(ReadOnlySpan<byte> text)
    {
        Span<char> scratch = stackalloc char[1024];
        var valid = 0L;
        while (true)
        {
            var status = Utf8.ToUtf16(text, scratch, out var read, out _, replaceInvalidSequences: false);
            valid += read;
            if (status != OperationStatus.DestinationTooSmall)
                return valid;
            text = text[read..];
        }
    }
}

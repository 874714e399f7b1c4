using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace ActorTrain.Data.Sources;

/// <summary>Knows UTF-16 and UTF-32 without a byte order mark, which are mostly valid UTF-8 too.</summary>
internal static class UnmarkedText
{
    private const int FewBytes = 16;

    private static readonly (string Name, int Unit, Encoding Strict)[] Encodings =
    [
        ("UTF-32LE", 4, new UTF32Encoding(bigEndian: false, byteOrderMark: false, throwOnInvalidCharacters: true)),
        ("UTF-32BE", 4, new UTF32Encoding(bigEndian: true, byteOrderMark: false, throwOnInvalidCharacters: true)),
        ("UTF-16LE", 2, new UnicodeEncoding(bigEndian: false, byteOrderMark: false, throwOnInvalidBytes: true)),
        ("UTF-16BE", 2, new UnicodeEncoding(bigEndian: true, byteOrderMark: false, throwOnInvalidBytes: true)),
    ];

    /// <summary>The encoding, by the name that iconv knows; null where the head may be UTF-8.</summary>
    public static string? EncodingOf(byte[] head)
    {
        if (head.Length < FewBytes || !head.Contains((byte)0))
            return null;

        // One byte of each character is zero in most and the other in none.
        var zeros = head.Index().Where(static at => at.Item == 0).CountBy(static at => at.Index % 2).ToArray();
        if (zeros.Length == 1 && zeros[0].Value > head.Length / 4)
            return zeros[0].Key == 1 ? "UTF-16LE" : "UTF-16BE";
        return IsUtf8(head) ? null : Encodings.FirstOrDefault(encoding => IsText(head, encoding.Unit, encoding.Strict)).Name;
    }

    // Zeros may separate, and a log may have escapes. In the other encodings half of each character is the number of its script, which is
    // less than a space for all but the Chinese ones; and those are hardly ever valid UTF-8.
    private static bool IsUtf8(byte[] head) =>
        Enumerable.Range(0, 4).Any(cut => Utf8.IsValid(head.AsSpan(0, head.Length - cut)))
        && head.Count(static letter => letter < ' ') <= head.Length / 4;

    private static bool IsText(byte[] head, int unit, Encoding strict)
    {
        try
        {
            // The head may end within a surrogate pair.
            var text = strict.GetString(head, 0, head.Length / unit * unit - (unit == 2 ? SurrogateBytes(head, strict) : 0));
            return text.All(static letter => !IsControl(letter)
                && char.GetUnicodeCategory(letter) is not (UnicodeCategory.OtherNotAssigned or UnicodeCategory.PrivateUse));
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }

    private static int SurrogateBytes(byte[] head, Encoding strict)
    {
        var last = head.Length / 2 * 2 - 2;
        return (head[strict.CodePage == 1200 ? last + 1 : last] & 0xFC) == 0xD8 ? 2 : 0;
    }

    private static bool IsControl(char letter) => char.IsControl(letter) && letter is not ('\t' or '\n' or '\r' or '\f') && letter < 0x80;
}

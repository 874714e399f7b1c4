using System.Text;

namespace ActorTrain.Data.Sources;

/// <summary>Recognizes files that are not UTF-8 text by their first bytes, whatever their extensions.</summary>
internal static class TextFormat
{
    private const string Leave = "remove it from --input";
    private const string Export = "export its text to .jsonl";
    private const string Extract = "extract its files";

    // Name, position of the magic bytes, magic bytes in Latin-1, fix.
    private static readonly (string Name, int At, string Magic, string Fix)[] Others =
    [
        ("gzip within gzip", 0, "\x1f\x8b\x08", "decompress it once (gunzip)"),
        ("zstd", 0, "\x28\xb5\x2f\xfd", "decompress it (zstd -d)"),
        ("compress (.Z)", 0, "\x1f\x9d", "decompress it (uncompress)"),
        ("lzip", 0, "LZIP\x01", "decompress it (lzip -d)"),
        ("xz", 0, "\u00fd7zXZ\0", "decompress it (xz -d)"),
        ("bzip2", 4, "1AY&SY", "decompress it (bunzip2)"),
        ("lz4", 0, "\x04\x22\x4d\x18", "decompress it (lz4 -d)"),
        ("zip", 0, "PK\x03\x04", Extract + " (unzip)"),
        ("zip", 0, "PK\x05\x06", Extract + " (unzip)"),
        ("7-Zip", 0, "7z\xbc\xaf\x27\x1c", Extract + " (7z x)"),
        ("RAR", 0, "Rar!\x1a\x07", Extract + " (unrar x)"),
        ("tar", 257, "ustar\0", Extract + " (tar -xf)"),
        ("tar", 257, "ustar  \0", Extract + " (tar -xf)"),
        ("Parquet", 0, "PAR1", Export),
        ("Arrow", 0, "ARROW1\0\0", Export),
        ("Avro", 0, "Obj\x01", Export),
        ("SQLite", 0, "SQLite format 3\0", Export),
        ("HDF5", 0, "\x89HDF\r\n\x1a\n", Export),
        ("NumPy", 0, "\x93NUMPY", Export),
        ("GGUF", 0, "GGUF", Leave),
        ("PDF", 0, "%PDF-", "convert it (pdftotext)"),
        ("Microsoft Office", 0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "save it as plain text"),
        ("ELF", 0, "\x7f" + "ELF", Leave),
        ("Java class", 0, "\xca\xfe\xba\xbe", Leave),
        ("PNG", 0, "\x89PNG\r\n\x1a\n", Leave),
        ("JPEG", 0, "\xff\xd8\xff", Leave),
        ("GIF", 0, "GIF87a", Leave),
        ("GIF", 0, "GIF89a", Leave),
    ];

    // UTF-16's mark is a prefix of UTF-32's, which is tried first.
    private static readonly (string Magic, Encoding Strict)[] Encodings =
    [
        ("\xff\xfe\0\0", new UTF32Encoding(bigEndian: false, byteOrderMark: true, throwOnInvalidCharacters: true)),
        ("\0\0\xfe\xff", new UTF32Encoding(bigEndian: true, byteOrderMark: true, throwOnInvalidCharacters: true)),
        ("\xff\xfe", new UnicodeEncoding(bigEndian: false, byteOrderMark: true, throwOnInvalidBytes: true)),
        ("\xfe\xff", new UnicodeEncoding(bigEndian: true, byteOrderMark: true, throwOnInvalidBytes: true)),
    ];

    /// <summary>The head of a file, a character per byte.</summary>
    public static string HeadOf(Stream stream)
    {
        var head = new byte[512];
        return Encoding.Latin1.GetString(head, 0, stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false));
    }

    public static bool IsGzip(string head) => Has(head, 0, Others[0].Magic);

    /// <summary>The encoding of the byte order mark, strict; null without one, or if it is UTF-8's.</summary>
    public static Encoding? EncodingOf(string head) => Encodings.FirstOrDefault(encoding => Has(head, 0, encoding.Magic)).Strict;

    /// <summary>The format of the head, and the fix; null if it may be text.</summary>
    public static (string Name, string Fix)? Other(string head)
    {
        if (Others.FirstOrDefault(other => Has(head, other.At, other.Magic)) is { Name: not null } known)
            return (known.Name, known.Fix);

        if (Has(head, 1, "*M\x18") && head[0] is >= 'P' and <= '_')
            return ("zstd", "decompress it (zstd -d)");
        if (Has(head, 0, "ORC") && head.Take(64).Any(static letter => letter < '\t'))
            return ("ORC", Export);
        if (head.Length > 0 && head.All(static letter => letter == '\0'))
            return ("nothing but zero bytes", Leave);
        return UnmarkedText.EncodingOf(Encoding.Latin1.GetBytes(head)) is { } encoding
            ? ($"{encoding[..6]} without a byte order mark", $"convert it (iconv -f {encoding} -t UTF-8)")
            : null;
    }

    private static bool Has(string head, int at, string magic) =>
        head.Length >= at + magic.Length && string.CompareOrdinal(head, at, magic, 0, magic.Length) == 0;
}

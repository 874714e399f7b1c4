using System.Text;

namespace ActorTrain.Data.Sources;

/// <summary>Knows files that are not UTF-8 text by their first bytes, whatever their names end in.</summary>
internal static class TextFormat
{
    /// <summary>How much of a file's head tells its format.</summary>
    public const int HeadBytes = 512;

    private const string Leave = "leave it out of --input";
    private const string Export = "export its text to .jsonl";
    private const string Extract = "extract its files";

    // Name, place of the magic bytes, magic bytes in Latin-1, fix. Encodings of text come in the order in which they must be tried.
    private static readonly (string Name, int At, string Magic, string Fix)[] Others =
    [
        ("gzip within gzip", 0, "\x1f\x8b\x08", "decompress it once (gunzip)"),
        ("zstd", 0, "\x28\xb5\x2f\xfd", "decompress it (zstd -d)"),
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
        ("PNG", 0, "\x89PNG\r\n\x1a\n", Leave),
        ("JPEG", 0, "\xff\xd8\xff", Leave),
        ("GIF", 0, "GIF87a", Leave),
        ("GIF", 0, "GIF89a", Leave),
    ];

    private static readonly (string Magic, Encoding Strict)[] Encodings =
    [
        ("\xff\xfe\0\0", new UTF32Encoding(bigEndian: false, byteOrderMark: true, throwOnInvalidCharacters: true)),
        ("\0\0\xfe\xff", new UTF32Encoding(bigEndian: true, byteOrderMark: true, throwOnInvalidCharacters: true)),
        ("\xff\xfe", new UnicodeEncoding(bigEndian: false, byteOrderMark: true, throwOnInvalidBytes: true)),
        ("\xfe\xff", new UnicodeEncoding(bigEndian: true, byteOrderMark: true, throwOnInvalidBytes: true)),
    ];

    /// <summary>Whether it is gzip.</summary>
    public static bool IsGzip(ReadOnlySpan<byte> head) => Has(head, 0, Others[0].Magic);

    /// <summary>The encoding that the byte order mark names, strict; null without one, or where it is UTF-8's.</summary>
    public static Encoding? EncodingOf(ReadOnlySpan<byte> head)
    {
        foreach (var (magic, encoding) in Encodings)
        {
            if (Has(head, 0, magic))
                return encoding;
        }

        return null;
    }

    /// <summary>The format that the head names and what to do about it; null where it may be text.</summary>
    public static (string Name, string Fix)? Other(ReadOnlySpan<byte> head)
    {
        foreach (var (name, at, magic, fix) in Others)
        {
            if (Has(head, at, magic))
                return (name, fix);
        }

        return IsWide(head, 1) ? ("UTF-16 without a byte order mark", "convert it (iconv -f UTF-16LE -t UTF-8)")
            : IsWide(head, 0) ? ("UTF-16 without a byte order mark", "convert it (iconv -f UTF-16BE -t UTF-8)")
            : null;
    }

    private static bool Has(ReadOnlySpan<byte> head, int at, string magic)
    {
        if (head.Length < at + magic.Length)
            return false;
        for (var i = 0; i < magic.Length; i++)
        {
            if (head[at + i] != magic[i])
                return false;
        }

        return true;
    }

    /// <summary>Whether most of every second byte is zero and none of the others is: characters of two bytes each.</summary>
    private static bool IsWide(ReadOnlySpan<byte> head, int zeros)
    {
        var (zero, other) = (0, 0);
        for (var i = 0; i < head.Length; i++)
        {
            if (head[i] == 0 && i % 2 == zeros)
                zero++;
            else if (head[i] == 0)
                other++;
        }

        return other == 0 && zero > head.Length / 4;
    }
}

using System.IO.Compression;
using System.Text;
using ActorTrain.Data.Sources;
using ActorTrain.Models;

namespace ActorTrain.Data.Tests.Sources;

/// <summary>What a file is, is told by its head, whatever its name ends in and however lenient the reading.</summary>
public sealed class TextFormatTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public static TheoryData<string, byte[]> Formats => new()
    {
        { "zstd", [0x28, 0xB5, 0x2F, 0xFD, 0x24, 0x00] },
        { "xz", [0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0x00] },
        { "bzip2", [.. "BZh91AY&SY"u8, 0x01] },
        { "lz4", [0x04, 0x22, 0x4D, 0x18] },
        { "zip", [.. "PK"u8, 3, 4, 20, 0] },
        { "7-Zip", [.. "7z"u8, 0xBC, 0xAF, 0x27, 0x1C] },
        { "RAR", [.. "Rar!"u8, 0x1A, 0x07, 0x01, 0x00] },
        { "tar", [.. new byte[257], .. "ustar"u8, 0x00, .. "00"u8] },
        { "tar", [.. Encoding.ASCII.GetBytes("name.txt".PadRight(257, '\0')), .. "ustar  "u8, 0x00] },
        { "Parquet", [.. "PAR1"u8, 0x15, 0x04] },
        { "Arrow", [.. "ARROW1"u8, 0, 0] },
        { "Avro", [.. "Obj"u8, 1, 4] },
        { "SQLite", [.. "SQLite format 3"u8, 0] },
        { "HDF5", [0x89, .. "HDF"u8, 0x0D, 0x0A, 0x1A, 0x0A] },
        { "NumPy", [0x93, .. "NUMPY"u8, 1, 0] },
        { "GGUF", [.. "GGUF"u8, 3, 0, 0, 0] },
        { "PDF", [.. "%PDF-1.7\n"u8] },
        { "Microsoft Office", [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1] },
        { "ELF", [0x7F, .. "ELF"u8, 2, 1, 1] },
        { "PNG", [0x89, .. "PNG"u8, 0x0D, 0x0A, 0x1A, 0x0A] },
        { "JPEG", [0xFF, 0xD8, 0xFF, 0xE0] },
        { "GIF", [.. "GIF89a"u8, 1] },
        { "UTF-16 without a byte order mark", [.. new UnicodeEncoding(false, false).GetBytes("Some words of a text, and some more.")] },
        { "UTF-16 without a byte order mark", [.. new UnicodeEncoding(true, false).GetBytes("Some words of a text, and some more.")] },
        { "UTF-16 without a byte order mark", [.. new UnicodeEncoding(false, false).GetBytes("Привет мир и весь свет 😀")] },
        { "UTF-16 without a byte order mark", [.. new UnicodeEncoding(true, false).GetBytes("שלום עולם, Größe und mehr")] },
        { "UTF-16 without a byte order mark", [.. new UnicodeEncoding(false, false).GetBytes("Привет мир и весь свет")] },
        { "UTF-16 without a byte order mark", [.. new UnicodeEncoding(true, false).GetBytes("नमस्ते दुनिया, और भी")] },
        { "UTF-16 without a byte order mark", [.. new UnicodeEncoding(false, false).GetBytes("中文字符\n和更多的文字\n")] },
        { "UTF-32 without a byte order mark", [.. new UTF32Encoding(false, false).GetBytes("Some words of a text, and some more.")] },
        { "UTF-32 without a byte order mark", [.. new UTF32Encoding(true, false).GetBytes("Some words of a text, and 中文 😀.")] },
        { "nothing but zero bytes", new byte[6] },
        { "nothing but zero bytes", new byte[4096] },
        { "zstd", [0x50, 0x2A, 0x4D, 0x18, 4, 0, 0, 0] },
        { "zstd", [0x5F, 0x2A, 0x4D, 0x18, 4, 0, 0, 0] },
        { "compress (.Z)", [0x1F, 0x9D, 0x90, 0x74] },
        { "lzip", [.. "LZIP"u8, 1, 0x0C] },
        { "ORC", [.. "ORC"u8, 10, 3, 0, 0] },
        { "Java class", [0xCA, 0xFE, 0xBA, 0xBE, 0, 0, 0, 0x34] },
        { "gzip within gzip", Gzipped("text"u8.ToArray()) },
    };

    public void Dispose() => folder.Dispose();

    [Theory]
    [MemberData(nameof(Formats))]
    public void A_format_that_is_no_text_is_refused_by_its_name(string format, byte[] head)
    {
        foreach (var ending in new[] { ".txt", ".jsonl", ".md", ".bin" })
        {
            if (format != "gzip within gzip")
                Refused(folder.Write("a" + ending, head));
            Refused(folder.Write($"a{ending}.gz", head));
        }

        void Refused(string path)
        {
            foreach (var lenient in new[] { false, true })
            {
                var message = Should.Throw<UserErrorException>(() => Read(path, lenient)).Message;
                message.ShouldStartWith($"{path} is {format}, not text: ");
            }
        }
    }

    [Fact]
    public void What_real_tools_write_is_known()
    {
        folder.Write("in/a.txt", "text");
        foreach (var (file, command, format) in new[]
        {
            ("a.tar", "tar -C in -cf a.tar a.txt", "tar"),
            ("a.xz", "xz -c in/a.txt > a.xz", "xz"),
            ("a.bz2", "bzip2 -c in/a.txt > a.bz2", "bzip2"),
            ("a.tgz", "tar -C in -czf a.tgz a.txt", "tar"),
        })
        {
            folder.Shell(command);
            Should.Throw<UserErrorException>(() => Read(folder.Of(file), lenient: true))
                .Message.ShouldStartWith($"{folder.Of(file)} is {format}, not text: ");
        }
    }

    [Theory]
    [InlineData("utf-16")]
    [InlineData("utf-16BE")]
    [InlineData("utf-32")]
    [InlineData("utf-32BE")]
    public void Text_of_another_encoding_is_decoded_by_its_byte_order_mark(string name)
    {
        var encoding = Encoding.GetEncoding(name);
        var text = string.Concat(Enumerable.Repeat("Größe, 数据, 😀 and lines\n", 5000));
        byte[] bytes = [.. encoding.GetPreamble(), .. encoding.GetBytes(text)];
        Read(folder.Write("a.txt", bytes), lenient: false).ShouldBe(text);
        Read(folder.Write("a.txt.gz", bytes), lenient: true).ShouldBe(text);
        byte[] records = [.. encoding.GetPreamble(), .. encoding.GetBytes("""{"text":"one 😀"}""" + "\n" + """{"text":"two"}""")];
        Read(folder.Write("a.jsonl", records), lenient: false).ShouldBe("one 😀two");
    }

    [Theory]
    [InlineData("utf-16", new byte[] { 0x00, 0xD8, 0x61, 0x00 })]
    [InlineData("utf-16", new byte[] { 0x61 })]
    [InlineData("utf-32", new byte[] { 0x00, 0x00, 0x11, 0x00 })]
    public void Invalid_characters_of_another_encoding_are_refused_or_replaced(string name, byte[] invalid)
    {
        var encoding = Encoding.GetEncoding(name);
        var path = folder.Write("a.txt", [.. encoding.GetPreamble(), .. encoding.GetBytes("good "), .. invalid]);
        Should.Throw<UserErrorException>(() => Read(path, lenient: false)).Message.ShouldName(path, "invalid in the encoding");
        Read(path, lenient: true).ShouldStartWith("good \ufffd");
    }

    [Fact]
    public void Gzip_is_read_whatever_the_name_says()
    {
        Read(folder.Write("a.txt", Gzipped("text"u8.ToArray())), lenient: false).ShouldBe("text");
        Read(folder.Write("a.jsonl", Gzipped("""{"text":"record"}"""u8.ToArray())), lenient: false).ShouldBe("record");
    }

    [Theory]
    [InlineData("PK is how it began")]
    [InlineData("BZh9 is no word")]
    [InlineData("Obj, PAR, GIF and %PDF are words")]
    [InlineData("ORC\nand LZIP are words")]
    [InlineData("`*M\x18")]
    [InlineData("abc\0def ghi\nabc\0def ghi\nabc\0def ghi\n")]
    [InlineData("größe\0数据\0Größe\0数据, and more of it\0")]
    [InlineData("a\0b\0\0c")]
    [InlineData("\u007fМоскваМосква\0Москва")]
    [InlineData("\u0001 of the thethethethe\0the gradients and the weights of it\n")]
    [InlineData("\u001b[31mred\u001b[0m\0and the rest of a log, in colour\u001b[32m\n")]
    [InlineData("x")]
    public void Text_that_only_resembles_a_format_is_text(string text) => Read(folder.Write("a.txt", text), lenient: false).ShouldBe(text);

    private static byte[] Gzipped(byte[] bytes)
    {
        using var memory = new MemoryStream();
        using (var gzip = new GZipStream(memory, CompressionLevel.Fastest))
            gzip.Write(bytes);
        return memory.ToArray();
    }

    private static string Read(string path, bool lenient) =>
        string.Concat(new DocumentReader(new SourceOptions { Inputs = [path], Lenient = lenient }).Read()
            .Select(static piece => Encoding.UTF8.GetString(piece.Text.Span)));
}

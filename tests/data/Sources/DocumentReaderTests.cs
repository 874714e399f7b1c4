using System.Text;
using ActorTrain.Data.Sources;
using FsCheck;
using FsCheck.Fluent;

namespace ActorTrain.Data.Tests.Sources;

public sealed class DocumentReaderTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("small.txt")]
    [InlineData("small.txt.gz")]
    public void A_small_file_is_one_document(string name) => Read(folder.Write(name, "one\n\ntwo\n")).ShouldBe(["one\n\ntwo\n"]);

    [Theory]
    [InlineData("large.txt", 300_000)]
    [InlineData("large.txt.gz", 300_000)]
    [InlineData("large.txt", (2 * DocumentReader.PieceBytes) + 1)]
    [InlineData("larger.txt.gz", 3_000_000)]
    public void A_large_file_is_one_document_in_pieces(string name, int bytes)
    {
        var text = Texts.Prose(1, bytes);
        var pieces = Pieces(Options(folder.Write(name, text)));
        string.Concat(pieces.Select(static piece => piece.Text)).ShouldBe(text);
        pieces.Count.ShouldBeGreaterThan(bytes / (3 * DocumentReader.PieceBytes));
        pieces.SkipLast(1)
            .ShouldAllBe(static piece => Encoding.UTF8.GetByteCount(piece.Text) >= DocumentReader.PieceBytes && piece.End == PieceEnd.Open);
        pieces[^1].End.ShouldBe(PieceEnd.Document);
        pieces.Select(static piece => piece.Offset).ShouldBe(
            pieces.Take(pieces.Count - 1)
                .Aggregate(new List<long> { 0 }, static (all, piece) => [.. all, all[^1] + Encoding.UTF8.GetByteCount(piece.Text)]));
    }

    [Theory]
    [InlineData("utf-8")]
    [InlineData("utf-16")]
    [InlineData("utf-16BE")]
    [InlineData("utf-32")]
    public void A_byte_order_mark_does_not_end_a_large_file_early(string encoding)
    {
        var text = Texts.Prose(1, 300_000);
        var file = folder.Of("marked.txt");
        File.WriteAllText(file, text, Encoding.GetEncoding(encoding));
        var pieces = Pieces(Options(file));
        string.Concat(pieces.Select(static piece => piece.Text)).ShouldBe(text);
        pieces.Select(static piece => piece.End).ShouldBe(Enumerable.Repeat(PieceEnd.Open, pieces.Count - 1).Append(PieceEnd.Document));
    }

    [Fact]
    public void Pieces_end_at_paragraphs_else_lines_else_before_spaces_else_between_characters()
    {
        var filler = new string('x', 40_000);
        var paragraphs = string.Concat(Enumerable.Repeat(filler + "\nline\n\n", 10));
        Read(folder.Write("a.txt", paragraphs)).ShouldAllBe(static piece => piece.EndsWith("\n\n"));
        Read(folder.Write("b.txt", paragraphs.Replace("\n\n", "\r\n\r\n", StringComparison.Ordinal)))
            .ShouldAllBe(static piece => piece.EndsWith("\r\n\r\n"));
        Read(folder.Write("c.txt", string.Concat(Enumerable.Repeat(filler + " word\n", 10))))
            .ShouldAllBe(static piece => piece.EndsWith('\n'));
        Read(folder.Write("d.txt", string.Concat(Enumerable.Repeat(filler + " ", 10)))).Skip(1)
            .ShouldAllBe(static piece => piece.StartsWith(' '));

        var characters = "x" + new string('数', 100_000);
        var pieces = Read(folder.Write("e.txt", characters));
        string.Concat(pieces).ShouldBe(characters);
        pieces.Count.ShouldBeGreaterThan(3);
    }

    [Fact]
    public void Any_text_of_any_length_comes_back_whole() => Prop.ForAll(Texts.Any(), Gen.Choose(1, 400).ToArbitrary(), (text, times) =>
    {
        var whole = string.Concat(Enumerable.Repeat(text.TrimStart('\ufeff'), times)).TrimStart('\ufeff');

        // A head with zeros, a quarter of which are zeros and controls, may be of another encoding, and is refused then.
        var head = Encoding.UTF8.GetBytes(whole).Take(512).ToArray();
        return head.Length == 0 || (head.Contains((byte)0) && head.Count(static letter => letter < ' ') >= head.Length / 4)
            || string.Concat(Read(folder.Write("any.txt", whole))) == whole;
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_separator_belongs_to_no_document_and_empty_ones_are_passed_over()
    {
        var options = Options(folder.Write("a.txt", "one\n===\ntwo\n===\n===\nthree")) with { DocumentSeparator = "===\n" };
        Read(options).ShouldBe(["one\n", "two\n", "three"]);
    }

    [Fact]
    public void A_document_larger_than_any_buffer_comes_whole()
    {
        var large = Texts.Prose(2, 2_000_000);
        Read(Options(folder.Write("a.txt", large + "<|end|>small")) with { DocumentSeparator = "<|end|>" }).ShouldBe([large, "small"]);
        var records = $$"""{"text":{{System.Text.Json.JsonSerializer.Serialize(large)}}}""" + "\n" + """{"text":"small"}""";
        Read(folder.Write("a.jsonl.gz", records)).ShouldBe([large, "small"]);
    }

    [Theory]
    [InlineData("a.jsonl")]
    [InlineData("a.ndjson")]
    [InlineData("a.jsonl.gz")]
    [InlineData("A.JSONL")]
    public void A_record_is_a_document(string name)
    {
        var lines = """
            {"id": 7, "text": "plain", "more": {"text": "not this"}}
            {"list": ["text", {"text": 1}], "text": "tab\t, quote \" and \u00fc \ud83d\ude00"}

            {"text": ""}
            {"text": "last"}
            """;
        Read(folder.Write(name, lines)).ShouldBe(["plain", "tab\t, quote \" and ü 😀", "last"]);
    }

    [Fact]
    public void The_text_field_can_be_named() =>
        Read(Options(folder.Write("a.jsonl", """{"text":"no","content":"yes"}""")) with { TextField = "content" }).ShouldBe(["yes"]);

    [Theory]
    [InlineData("a.b", """{"a":{"b":"yes","c":"no"},"b":"no"}""")]
    [InlineData("a.b", """{"a.b":"yes","a":{"c":"no"}}""")]
    [InlineData("a.b.c", """{"a":{"b":{"b":"no","c":"yes"}}}""")]
    [InlineData("a.b.c", """{"a.b":{"c":"yes"},"a":7}""")]
    [InlineData("a.b.c", """{"a":{"b.c":"yes","b":[{"c":"no"}]}}""")]
    [InlineData("ü.é", """{"\u00fc":{"\u00e9":"yes"}}""")]
    public void The_text_field_can_be_within_others(string field, string record) =>
        Read(Options(folder.Write("a.jsonl", record)) with { TextField = field }).ShouldBe(["yes"]);

    [Fact]
    public void Files_of_a_folder_that_are_not_read_are_known()
    {
        foreach (var name in new[] { "f/a.txt", "f/b.zst", "f/deep/c.zst", "f/d.pdf", "f/noending" })
            folder.Write(name, "text");
        var reader = new DocumentReader(Options(folder.Of("f"), folder.Of("f/d.*")));
        reader.Files.Select(static file => Path.GetFileName(file.Path)).ShouldBe(["a.txt", "d.pdf"]);
        var files = reader.Omissions.Files;
        files.ShouldBe([folder.Of("f/b.zst"), folder.Of("f/deep/c.zst"), folder.Of("f/noending")]);
        Omissions.Describe(files).ShouldBe($"2 .zst, 1 without an extension: {string.Join(", ", files)}");
        Omissions.Describe([.. Enumerable.Range(0, 1000).Select(static i => $"{i}.e{i % 10}")]).Length.ShouldBeLessThan(200);
    }

    [Fact]
    public void Hidden_files_and_folders_are_known_unless_they_are_read_by_their_paths()
    {
        foreach (var name in new[] { "f/a.txt", "f/.b.txt", "f/.git/c.txt", "f/.git/d", "f/deep/.e/f.txt", "f/deep/.g.bin" })
            folder.Write(name, name);
        PassedOver("f").ShouldBe(["f/.b.txt", "f/.git/", "f/deep/.e/", "f/deep/.g.bin"]);
        PassedOver("f", "f/.b.txt", "f/.git").ShouldBe(["f/deep/.e/", "f/deep/.g.bin", "f/.git/d"]);
        PassedOver("f/**/*.txt").ShouldBe(["f/.b.txt", "f/.git/", "f/deep/.e/"]);
        PassedOver("f/*.txt").ShouldBe(["f/.b.txt"]);
        PassedOver("f/.git/*").ShouldBeEmpty();
        PassedOver("f/a.txt").ShouldBeEmpty();
        Omissions.Describe([folder.Of("f/.git/"), folder.Of("f/.b.txt")])
            .ShouldBe($"2 hidden: {folder.Of("f/.git/")}, {folder.Of("f/.b.txt")}");

        string[] PassedOver(params string[] inputs) =>
            [.. new DocumentReader(Options([.. inputs.Select(folder.Of)])).Omissions.Files
                .Select(path => path[(folder.Root.Length + 1)..])];
    }

    [Fact]
    public void What_is_no_file_is_passed_over_and_counted()
    {
        folder.Write("f/a.txt", "text");
        folder.Shell("mkfifo f/b.txt; ln -s nowhere f/c.txt; ln -s /dev/zero f/d.txt; ln -s e.txt f/e.txt");
        foreach (var input in new[] { "f", "f/*.txt" })
        {
            var omissions = OmissionsOf(Options(folder.Of(input)));
            omissions.Special.ShouldBe([folder.Of("f/b.txt"), folder.Of("f/c.txt"), folder.Of("f/d.txt"), folder.Of("f/e.txt")]);
            omissions.Lines().ShouldHaveSingleItem().ShouldName("4", folder.Of("f/b.txt"));
        }
    }

    [Theory]
    [InlineData("ln -s .. f/deep/loop; ln -s . f/here", "f", "f/deep/loop/ f/here/")]
    [InlineData("ln -s .. f/deep/loop", "f/**/*.txt", "f/deep/loop/")]
    [InlineData("ln -s a.txt f/c.txt; ln f/a.txt f/d.txt", "f", "f/c.txt f/d.txt")]
    [InlineData("ln -s a.txt f/c.txt", "f/*.txt f/deep", "f/c.txt")]
    [InlineData("ln -s deep f/z; ln -s ../g f/g; ln -s f g", "f", "f/g/ f/z/")]
    [InlineData("ln -s f g", "f g", "g/a.txt g/deep/b.txt")]
    [InlineData("ln -s deep f/z", "f/a.txt f/z*/*", "")]
    [InlineData("ln -s f g", "f g/a.txt f/a.txt", "g/a.txt")]
    public void A_file_is_read_once_whatever_links_lead_to_it(string command, string inputs, string doubles)
    {
        folder.Write("f/a.txt", "a");
        folder.Write("f/deep/b.txt", "b");
        folder.Shell(command);
        var options = Options([.. inputs.Split(' ').Select(folder.Of)]);
        Read(options).ShouldBe(["a", "b"]);
        var omissions = OmissionsOf(options);
        omissions.Doubles.ShouldBe([.. doubles.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(folder.Of)]);
        omissions.Lines().Count().ShouldBe(doubles.Length > 0 ? 1 : 0);
    }

    [Theory]
    [InlineData("a.jsonl", "{\"text\":\"\"}\n{\"text\":\"one\"}\n\n{\"text\":\"\"}\n", 2)]
    [InlineData("a.jsonl.gz", "{\"text\":\"one\"}\n{\"id\":7,\"text\":\"\"}", 1)]
    [InlineData("a.jsonl", "{\"text\":\"one\"}\n\n \n", 0)]
    [InlineData("a.txt", "one===two", 0)]
    [InlineData("a.txt", "===one===two===", 0)]
    [InlineData("a.txt", "one======two=========", 3)]
    [InlineData("a.txt", "======one", 1)]
    public void Documents_without_text_are_counted(string name, string text, long count)
    {
        var (first, second) = (folder.Write("1.txt", "more"), folder.Write(name, text));
        var omissions = OmissionsOf(Options(first, second) with { DocumentSeparator = "===" });
        omissions.EmptyDocuments.ShouldBe(count > 0 ? [new FileCount(second, count)] : []);
        omissions.EmptyFiles.ShouldBeEmpty();
        omissions.Lines().Count().ShouldBe(count > 0 ? 1 : 0);
        string.Concat(omissions.Lines()).ShouldName(count > 0 ? $"{count} | {second}" : "");
    }

    [Fact]
    public void Files_without_text_are_counted()
    {
        folder.Write("f/1.txt", "text");
        string[] empty =
        [
            folder.Write("f/2.txt", ""), folder.Write("f/3.txt.gz", ""), folder.Write("f/4.jsonl", "\n\n"),
            folder.Write("f/5.txt", "\ufeff"), folder.Write("f/6.jsonl", """{"text":""}"""), folder.Write("named", ""),
        ];
        var omissions = OmissionsOf(Options(folder.Of("f"), folder.Of("named")) with { Lenient = true });
        omissions.EmptyFiles.ShouldBe(empty);
        omissions.EmptyDocuments.ShouldBe([new FileCount(empty[4], 1)]);
        string.Join('\n', omissions.Lines()).ShouldName("6", $"{empty[0]}, {empty[1]}");
    }

    public static TheoryData<string, byte[], long> Invalid => new()
    {
        { "a.txt", [.. "caf"u8, 0xE9], 1 },
        { "a.txt", [0xFF, 0xFE - 1, (byte)'a', 0xE2, 0x82, (byte)'b', 0xF0, 0x9F], 4 },
        { "a.txt", [.. "a\uFFFDb"u8, 0xE2, .. "\uFFFD"u8], 1 },
        { "a.txt", [.. Enumerable.Repeat((byte)'x', 200_000), 0xFF, .. Enumerable.Repeat((byte)'\n', 200_000), 0xFF], 2 },
        { "a.txt.gz", [(byte)'a', 0xFF], 1 },
        { "a.jsonl", [.. "{\"text\":\"a"u8, 0xFF, .. "\"}\n{\"text\":\"b\"}\n{\"text\":\"\\ud800 \\ud83d\\ude00 \\udc00\"}"u8], 3 },
        { "a.txt", [0xFF, 0xFE, .. Encoding.Unicode.GetBytes("a"), 0x00, 0xD8, .. Encoding.Unicode.GetBytes("b\uFFFD"), 0x61], 2 },
        { "a.txt", [0xFE, 0xFF, 0xDC, 0x00, 0xDC, 0x00], 2 },
        { "a.txt.gz", [0xFF, 0xFE, 0, 0, .. Encoding.UTF32.GetBytes("a"), 0, 0, 0x11, 0, .. Encoding.UTF32.GetBytes("b")], 1 },
    };

    [Theory]
    [MemberData(nameof(Invalid))]
    public void Characters_that_are_replaced_are_counted(string name, byte[] bytes, long count)
    {
        string[] paths = [folder.Write("1.txt", "good \uFFFD"), folder.Write("2" + name, bytes), folder.Write("3" + name, bytes)];
        var reader = new DocumentReader(Options(paths) with { Lenient = true });
        foreach (var again in new[] { 1, 2 })
        {
            var text = string.Concat(reader.Read().Select(static piece => Encoding.UTF8.GetString(piece.Text.Span)));
            reader.Omissions.Replaced.ShouldBe([new FileCount(paths[1], count), new FileCount(paths[2], count)], $"reading {again}");
            text.Count(static letter => letter == '\uFFFD').ShouldBeGreaterThanOrEqualTo((int)(2 * count) + 1);
        }

        string.Concat(reader.Omissions.Lines()).ShouldName($"{2 * count}", $"{paths[1]}, {paths[2]}");
    }

    [Fact]
    public void Nothing_is_reported_where_every_byte_is_read() =>
        OmissionsOf(Options(folder.Write("a.txt", "good \uFFFD"), folder.Write("b.jsonl", """{"text":"\ufffd"}""")) with { Lenient = true })
            .Lines().ShouldBeEmpty();

    [Fact]
    public void A_byte_order_mark_is_left_out() => Read(folder.Write("a.txt", "\ufefftext")).ShouldBe(["text"]);

    [Fact]
    public void Folders_and_globs_are_read_in_ordinal_order_and_each_file_once()
    {
        folder.Write("b/2.txt", "b2");
        folder.Write("b/10.txt", "b10");
        folder.Write("a/deep/er/1.md", "a1");
        folder.Write("a/notes.bin", "not text");
        folder.Write("a/.hidden/1.txt", "hidden");
        folder.Write("c.jsonl.gz", """{"text":"c"}""");
        Read(folder.Root).ShouldBe(["a1", "b10", "b2", "c"]);
        Read(folder.Of("**/*.txt"), folder.Root).ShouldBe(["b10", "b2", "a1", "c"]);
        Read(folder.Of("b/?.txt")).ShouldBe(["b2"]);
        Read(folder.Of("**/1.*")).ShouldBe(["a1"]);
        Read(folder.Of("a/*.bin")).ShouldBe(["not text"]);
        Read(folder.Of("a/**")).ShouldBe(["a1", "not text"]);
    }

    [Fact]
    public void Lenient_reading_replaces_what_is_invalid()
    {
        var path = folder.Write("a.txt", [(byte)'a', 0xFF, (byte)'b', 0xE2, 0x82]);
        Read(Options(path) with { Lenient = true }).ShouldBe(["a\ufffdb\ufffd"]);

        var records = folder.Write("a.jsonl", """{"text":"a\ud800b\\ud800\udfff \ud83d\ude00"}""");
        Read(Options(records) with { Lenient = true }).ShouldBe(["a\ufffdb\\ud800\ufffd 😀"]);

        folder.Write("f/1.txt", "");
        folder.Write("f/2.txt", "two");
        Read(Options(folder.Of("f")) with { Lenient = true }).ShouldBe(["two"]);
    }

    [Fact]
    public void Reading_tells_how_much_of_the_disk_is_read()
    {
        var (first, second) = (folder.Write("1.txt", Texts.Prose(3, 400_000)), folder.Write("2.txt", "end"));
        var reader = new DocumentReader(Options(first, second));
        var told = reader.Read().Select(static document => document.BytesRead).ToArray();
        told.ShouldBe(told.Order());
        told[^1].ShouldBe(reader.TotalBytes);
    }

    private static SourceOptions Options(params string[] inputs) => new() { Inputs = inputs };

    private static List<string> Read(params string[] inputs) => Read(Options(inputs));

    private static Omissions OmissionsOf(SourceOptions options)
    {
        var reader = new DocumentReader(options);
        reader.Read().Count().ShouldBeGreaterThan(0);
        return reader.Omissions;
    }

    private static List<string> Read(SourceOptions options) => [.. Pieces(options).Select(static piece => piece.Text)];

    private static List<(string Text, long Offset, PieceEnd End)> Pieces(SourceOptions options) =>
        [.. new DocumentReader(options).Read().Select(static piece => (Encoding.UTF8.GetString(piece.Text.Span), piece.Offset, piece.End))];
}

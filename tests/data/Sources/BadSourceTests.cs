using System.IO.Pipes;
using ActorTrain.Data.Sources;
using ActorTrain.Models;

namespace ActorTrain.Data.Tests.Sources;

public sealed class BadSourceTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("a.txt", 0)]
    [InlineData("a.txt", 5)]
    [InlineData("a.txt", 150_001)]
    [InlineData("a.txt.gz", 299_999)]
    public void Invalid_text_is_refused_with_file_and_offset(string name, int offset)
    {
        var bytes = Enumerable.Repeat((byte)'x', 300_000).ToArray();
        bytes[offset] = 0xFF;
        var path = folder.Write(name, bytes);
        Refusal(path).ShouldBe($"{path} is not UTF-8 at byte {offset}: convert it (iconv -t UTF-8), or pass --lenient to replace what is invalid with U+FFFD.");
    }

    [Fact]
    public void Invalid_text_after_characters_of_many_bytes_is_found_at_its_byte()
    {
        byte[] bytes = [.. System.Text.Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("ü数😀", 3000))), 0xC3];
        var path = folder.Write("a.txt", bytes);
        Refusal(path).ShouldStartWith($"{path} is not UTF-8 at byte {bytes.Length - 1}: ");
    }

    [Fact]
    public void Invalid_text_in_a_record_is_refused_with_its_offset_in_the_file()
    {
        var path = folder.Write("a.jsonl", [.. "{\"text\":\"ok\"}\n{\"text\":\""u8, 0xFF, .. "\"}\n"u8]);
        Refusal(path).ShouldStartWith($"{path} is not UTF-8 at byte 23: ");
    }

    [Theory]
    [InlineData("{\"text\": \"ok\"}\n{\"text\": \"cut\n", "is not a JSON object (at byte 13 of the line): fix the line or remove it.")]
    [InlineData("{\"text\": \"ok\"}\n[1]\n", "is not a JSON object (at byte 0 of the line): fix the line or remove it.")]
    [InlineData("{\"text\": \"ok\"}\nplain\n", "is not a JSON object (at byte 0 of the line): fix the line or remove it.")]
    [InlineData("{\"text\": \"ok\"}\n{\"text\":\"a\"} x\n", "is not a JSON object (at byte 13 of the line): fix the line or remove it.")]
    [InlineData("{\"text\": \"ok\"}\n{\"content\":\"a\"}\n", "has no text in the field \"text\": name the right field with --text-field (a.b for a field within another), or fix the line.")]
    [InlineData("{\"text\": \"ok\"}\n{\"text\":5}\n", "has no text in the field \"text\": name the right field with --text-field (a.b for a field within another), or fix the line.")]
    [InlineData("{\"text\": \"ok\"}\n{\"text\":\"\\ud800\"}\n", "holds half of a surrogate pair, which is no character: fix the line, or pass --lenient to replace it with U+FFFD.")]
    public void A_bad_record_is_refused_with_file_and_line(string lines, string complaint)
    {
        var path = folder.Write("a.jsonl", lines);
        Refusal(path).ShouldBe($"{path}, line 2, {complaint}");
    }

    [Theory]
    [InlineData("empty.txt", "")]
    [InlineData("empty.txt.gz", "")]
    [InlineData("empty.jsonl", "\n\n")]
    [InlineData("mark.txt", "\ufeff")]
    public void An_empty_file_is_refused(string name, string text)
    {
        var path = folder.Write(name, text);
        Refusal(path).ShouldBe($"{path} is empty: leave it out of --input, or pass --lenient to pass over files without text.");
    }

    [Fact]
    public void What_is_not_there_is_refused()
    {
        Refusal(folder.Of("none.txt")).ShouldBe($"{folder.Of("none.txt")} does not exist: name a file, a folder or a glob with --input.");
        Refusal(folder.Of("*.txt")).ShouldBe($"The glob {folder.Of("*.txt")} matches no file: quote it against the shell and check its spelling.");
        Refusal(folder.Of("none/**/*.txt")).ShouldStartWith($"The glob {folder.Of("none/**/*.txt")} matches no file");
        folder.Write("f/a.bin", "x");
        Refusal(folder.Of("f")).ShouldBe(
            $"The folder {folder.Of("f")} holds no text among 1 .bin: {folder.Of("f/a.bin")}; "
            + "files of a folder are read that end in .txt, .text, .md, .jsonl, .ndjson, each with or without .gz: name others by a glob.");
    }

    [Fact]
    public void Gzip_that_is_none_or_is_cut_short_is_refused()
    {
        var path = folder.Write("a.txt.gz", Texts.Prose(1, 500_000));
        var bytes = File.ReadAllBytes(path);
        File.WriteAllBytes(path, bytes[..(bytes.Length / 2)]);
        Refusal(path).ShouldStartWith($"{path} cannot be read: ");
        Refusal(path).ShouldEndWith("; fix the file or leave it out of --input.");
        File.WriteAllText(path, "no gzip at all");
        Refusal(path).ShouldBe($"{path} is not gzip, though its name ends in .gz: rename it, or leave it out of --input.");
    }

    [Fact]
    public void A_pipe_is_refused()
    {
        using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        var path = $"/proc/self/fd/{pipe.ClientSafePipeHandle.DangerousGetHandle()}";
        Refusal(path).ShouldBe($"{path} is a pipe, and a corpus is read more than once: write it to a file first.");
    }

    [Fact]
    public void Options_without_sense_are_refused()
    {
        var file = folder.Write("a.txt", "x");
        Refusal(new SourceOptions { Inputs = [] }).ShouldBe("there is nothing to read: name files, folders or globs with Inputs.");
        Refusal(new SourceOptions { Inputs = [file, " "] }).ShouldBe("Inputs is empty: name a file, a folder or a glob.");
        Refusal(new SourceOptions { Inputs = [file], TextField = "" }).ShouldBe("TextField is empty: name the field of a record that holds its text.");
        Refusal(new SourceOptions { Inputs = [file], DocumentSeparator = "" }).ShouldBe("DocumentSeparator is empty: name the text between two documents, or leave the option out.");
    }

    private static string Refusal(string input) => Refusal(new SourceOptions { Inputs = [input] });

    private static string Refusal(SourceOptions options) => Should.Throw<UserErrorException>(() => new DocumentReader(options).Read().Count()).Message;
}

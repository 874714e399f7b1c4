using System.IO.Pipes;
using System.Net.Sockets;
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
        Refusal(path).ShouldName($"{path} is not UTF-8 at byte {offset}: ", "iconv -t UTF-8", "--lenient");
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
    [InlineData("{\"text\": \"ok\"}\n{\"text\": \"cut\n", "at byte 13")]
    [InlineData("{\"text\": \"ok\"}\n[1]\n", "at byte 0")]
    [InlineData("{\"text\": \"ok\"}\nplain\n", "at byte 0")]
    [InlineData("{\"text\": \"ok\"}\n{\"text\":\"a\"} x\n", "at byte 13")]
    [InlineData("{\"text\": \"ok\"}\n{\"content\":\"a\"}\n", "field \"text\" | --text-field")]
    [InlineData("{\"text\": \"ok\"}\n{\"text\":5}\n", "field \"text\" | --text-field")]
    [InlineData("{\"text\": \"ok\"}\n{\"text\":\"\\ud800\"}\n", "surrogate | --lenient")]
    public void A_bad_record_is_refused_with_file_and_line(string lines, string complaint)
    {
        var path = folder.Write("a.jsonl", lines);
        Refusal(path).ShouldName($"{path}, line 2, ", complaint);
    }

    [Theory]
    [InlineData("text", """{"text":"a","text":"b"}""")]
    [InlineData("text", """{"text":"a","id":1,"text":"a"}""")]
    [InlineData("text", """{"text":"a","\u0074ext":""}""")]
    [InlineData("text", """{"text":"a","text":null}""")]
    [InlineData("text", """{"text":["a"],"text":"a"}""")]
    [InlineData("a.b", """{"a":{"b":"x","b":"y"}}""")]
    [InlineData("a.b", """{"a":{"b":"x"},"a":{"c":"y"}}""")]
    [InlineData("a.b", """{"a":7,"a":{"b":"x"}}""")]
    [InlineData("a.b", """{"a.b":"x","a":{"b":"y"}}""")]
    [InlineData("a.b.c", """{"a.b":{"c":"x"},"a":{"b":{"c":"y"}}}""")]
    public void A_record_with_two_texts_is_refused_even_leniently(string field, string record)
    {
        var path = folder.Write("a.jsonl", $"\n{record}\n");
        foreach (var lenient in new[] { false, true })
        {
            Refusal(new SourceOptions { Inputs = [path], TextField = field, Lenient = lenient })
                .ShouldName($"{path}, line 2, ", $"\"{field}\"", "more than once");
        }
    }

    [Fact]
    public void A_key_that_is_twice_elsewhere_in_a_record_is_no_hindrance()
    {
        var path = folder.Write("a.jsonl", """{"id":1,"id":2,"text":"a","more":{"text":"b","text":"c"}}""" + "\n" + """{"text":"a"}""");
        new DocumentReader(new SourceOptions { Inputs = [path] }).Read().Count().ShouldBe(2);
    }

    [Theory]
    [InlineData("empty.txt", "")]
    [InlineData("empty.txt.gz", "")]
    [InlineData("empty.jsonl", "\n\n")]
    [InlineData("mark.txt", "\ufeff")]
    public void An_empty_file_is_refused(string name, string text)
    {
        var path = folder.Write(name, text);
        Refusal(path).ShouldNotContain("--lenient", customMessage: "without it there would be no text at all");
        var other = folder.Write("other.txt", "text");
        Refusal(new SourceOptions { Inputs = [other, path] }).ShouldName($"{path} is empty: ", "--input", "--lenient");
    }

    [Fact]
    public void What_is_not_there_is_refused()
    {
        Refusal(folder.Of("none.txt")).ShouldName($"{folder.Of("none.txt")} does not exist", "--input");
        Refusal(folder.Of("*.txt")).ShouldName($"The glob {folder.Of("*.txt")} matches no file");
        folder.Write("hidden/.a.txt", "x");
        Refusal(folder.Of("hidden/*.txt")).ShouldName(folder.Of("hidden/*.txt"), $"1 hidden: {folder.Of("hidden/.a.txt")}");
        Refusal(folder.Of("hidden")).ShouldName($"1 hidden: {folder.Of("hidden/.a.txt")}");
        Refusal(folder.Of("none/**/*.txt")).ShouldStartWith($"The glob {folder.Of("none/**/*.txt")} matches no file");
        folder.Write("f/a.bin", "x");
        Refusal(folder.Of("f")).ShouldName(
            folder.Of("f"), $"1 .bin: {folder.Of("f/a.bin")}",
            ".txt, .text, .md, .jsonl, .ndjson", "glob");
    }

    [Theory]
    [InlineData("head -c 5 b.gz")]
    [InlineData("head -c 1 b.gz")]
    [InlineData("head -c -5 b.gz")]
    [InlineData("printf '\\x1f\\x8c'; tail -c +3 b.gz")]
    [InlineData("printf 'trailing garbage'")]
    [InlineData("printf x")]
    [InlineData("printf x; head -c 99000 /dev/zero")]
    [InlineData("yes | head -c 99000")]
    [InlineData("head -c 9000 /dev/zero; printf x")]
    [InlineData("head -c 512 /dev/zero; cat b.gz")]
    public void Gzip_that_is_followed_by_anything_but_gzip_or_zeros_is_refused(string rest)
    {
        folder.Write("a.gz", Texts.Prose(1, 200_000));
        folder.Write("b.gz", Texts.Prose(2, 200_000));
        foreach (var name in new[] { "all.gz", "all.txt" })
        {
            folder.Shell($"(cat a.gz; {rest}) > {name}");
            foreach (var lenient in new[] { false, true })
                Refusal(new SourceOptions { Inputs = [folder.Of(name)], Lenient = lenient }).ShouldStartWith(folder.Of(name));
        }
    }

    [Theory]
    [InlineData("cat a.gz", 2)]
    [InlineData("head -c 1 /dev/zero", 1)]
    [InlineData("head -c 9000 /dev/zero", 1)]
    [InlineData("cat a.gz; head -c 512 /dev/zero", 2)]
    public void Gzip_of_many_members_and_with_padding_is_read(string rest, int times)
    {
        var text = Texts.Prose(1, 200_000);
        folder.Write("a.gz", text);
        folder.Shell($"(cat a.gz; {rest}) > all.gz");
        new DocumentReader(new SourceOptions { Inputs = [folder.Of("all.gz")] }).Read().Sum(static piece => piece.Text.Length)
            .ShouldBe(times * System.Text.Encoding.UTF8.GetByteCount(text));
    }

    [Theory]
    [InlineData("mkfifo q/a.txt", "q/a.txt", "a pipe")]
    [InlineData("ln -s /dev/zero q/a.txt", "q/a.txt", "a device")]
    [InlineData("ln -s nowhere q/a.txt", "q/a.txt", "nowhere")]
    [InlineData("ln -s a.txt q/a.txt", "q/a.txt", "a link")]
    [InlineData("mkfifo q/a.txt", "q", "1 .txt: ")]
    [InlineData("ln -s nowhere q/a.txt", "q/*", "1 .txt: ")]
    public void What_is_no_file_is_refused_without_opening_it(string command, string input, string named)
    {
        Directory.CreateDirectory(folder.Of("q"));
        folder.Shell(command);
        foreach (var lenient in new[] { false, true })
            Refusal(new SourceOptions { Inputs = [folder.Of(input)], Lenient = lenient }).ShouldName(folder.Of("q"), named);
    }

    [Fact]
    public void A_socket_is_refused_and_passed_over_in_a_folder()
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(folder.Of("a.txt")));
        Refusal(folder.Of("a.txt")).ShouldName(folder.Of("a.txt"), "a socket");
        folder.Write("b.txt", "text");
        new DocumentReader(new SourceOptions { Inputs = [folder.Root] }).Omissions.Special.ShouldBe([folder.Of("a.txt")]);
    }

    [Fact]
    public void Gzip_that_is_none_or_is_cut_short_is_refused()
    {
        var path = folder.Write("a.txt.gz", Texts.Prose(1, 500_000));
        var bytes = File.ReadAllBytes(path);
        File.WriteAllBytes(path, bytes[..(bytes.Length / 2)]);
        Refusal(path).ShouldStartWith($"{path} cannot be read: ");
        Refusal(path).ShouldContain("--input");
        File.WriteAllText(path, "no gzip at all");
        Refusal(path).ShouldName(path, "not gzip", "--input");
    }

    [Fact]
    public void A_pipe_is_refused()
    {
        using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        var path = $"/proc/self/fd/{pipe.ClientSafePipeHandle.DangerousGetHandle()}";
        Refusal(path).ShouldContain($"{path} is a pipe");
    }

    [Fact]
    public void Options_without_sense_are_refused()
    {
        var file = folder.Write("a.txt", "x");
        Refusal(new SourceOptions { Inputs = [] }).ShouldName("no input", "Inputs");
        Refusal(new SourceOptions { Inputs = [file, " "] }).ShouldBe("Inputs is empty: name a file, a folder or a glob.");
        Refusal(new SourceOptions { Inputs = [file], TextField = "" })
            .ShouldBe("TextField is empty: name the field of a record that holds its text.");
        Refusal(new SourceOptions { Inputs = [file], DocumentSeparator = "" }).ShouldContain("DocumentSeparator is empty");
    }

    private static string Refusal(string input) => Refusal(new SourceOptions { Inputs = [input] });

    private static string Refusal(SourceOptions options) =>
        Should.Throw<UserErrorException>(() => new DocumentReader(options).Read().Count()).Message;
}

using ActorTrain.Data.Chats;
using ActorTrain.Data.Sources;
using ActorTrain.Models;

namespace ActorTrain.Data.Tests.Chats;

public sealed class ChatReaderTests : IDisposable
{
    private const string Question = """{"role": "user", "content": "q"}""";
    private const string Answer = """{"role": "assistant", "content": "a"}""";
    private const string Other = """{"role": "assistant", "content": "b"}""";

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("chat", $$"""{"messages": [{{Question}}, {{Answer}}], "source": "x", "prompt": "q"}""", "U:q > A:a")]
    [InlineData("chat", """{"messages": [{"role": "system", "content": " "}, {"role": "user", "content": "q"}, {"content": "a", "role": "assistant"}]}""",
        "U:q > A:a")]
    [InlineData("chat", $$"""{"messages": [{"role": "system", "content": "s"}, {{Question}}, {{Answer}}, {{Question}}, {{Other}}]}""",
        "S:s U:q > A:a U:q A:b")]
    [InlineData("chat", """{"prompt": "q", "completion": "a"}""", "U:q > A:a")]
    [InlineData("chat", $$"""{"prompt": [{{Question}}], "completion": [{{Answer}}]}""", "U:q > A:a")]
    [InlineData("chat", """{"prompt": "q", "completion": "\u00e9\ud83d\ude00", "messages": null}""", "U:q > A:é😀")]
    [InlineData("pairs", """{"prompt": "q", "chosen": "a", "rejected": "b"}""", "U:q > A:a | A:b")]
    [InlineData("pairs", """{"prompt": "q", "chosen": "a", "rejected": "b", "margin": 1.5}""", "U:q > A:a | A:b 1.5")]
    [InlineData("pairs", $$"""{"prompt": [{{Question}}, {{Answer}}, {{Question}}], "chosen": [{{Answer}}], "rejected": [{{Other}}]}""",
        "U:q A:a U:q > A:a | A:b")]
    [InlineData("pairs", $$"""{"chosen": [{{Question}}, {{Answer}}], "rejected": [{{Question}}, {{Other}}]}""", "U:q > A:a | A:b")]
    [InlineData("pairs", $$"""{"prompt": "q", "chosen": [{{Question}}, {{Answer}}], "rejected": [{{Question}}, {{Other}}]}""",
        "U:q > A:a | A:b")]
    [InlineData("pairs",
        $$"""{"chosen": [{{Question}}, {{Answer}}, {{Question}}, {{Answer}}], "rejected": [{{Question}}, {{Answer}}, {{Question}}, {{Other}}]}""",
        "U:q A:a U:q > A:a | A:b")]
    [InlineData("rankings", """{"prompt": "q", "completions": ["a", "b", "c"]}""", "U:q > A:a | A:b | A:c")]
    [InlineData("rankings", """{"prompt": "q", "completions": ["a", "b", "c"], "scores": [0.1, 2, -1]}""", "U:q > A:b | A:a | A:c")]
    [InlineData("rankings", """{"prompt": "q", "completions": ["a", "b", "c"], "ranks": [3, 1, 2]}""", "U:q > A:b | A:c | A:a")]
    [InlineData("prompts", """{"prompt": "q"}""", "U:q >")]
    [InlineData("prompts", $$"""{"messages": [{{Question}}, {{Answer}}, {{Question}}]}""", "U:q A:a U:q >")]
    [InlineData("prompts", """{"answer": 4e1, "prompt": "2+2?", "tests": ["é", {"b":null}]}""",
        """U:2+2? > {"answer":4e1,"tests":["é", {"b":null}]}""")]
    public void Public_layouts_are_read(string kind, string line, string expected) =>
        Described(Read(kind, folder.Write("a.jsonl", line)).Single().Group).ShouldBe(expected);

    [Fact]
    public void Fields_for_rewards_may_be_nested_deeply()
    {
        var nested = $"{new string('[', 500)}{new string(']', 500)}";
        Described(Read("prompts", folder.Write("a.jsonl", $$"""{"prompt": "q", "answer": {{nested}}}""")).Single().Group)
            .ShouldBe($$"""U:q > {"answer":{{nested}}}""");
    }

    [Theory]
    [InlineData("chat", "{", "not a JSON object")]
    [InlineData("chat", "7", "not a JSON object")]
    [InlineData("chat", "{} {}", "not a JSON object")]
    [InlineData("chat", "[{}]", "a JSON array | jq")]
    [InlineData("chat", "{}", "\"messages\" | \"prompt\" | \"completion\" | --kind")]
    [InlineData("chat", """{"messages": "q"}""", "\"messages\" | a text, not a list")]
    [InlineData("chat", """{"messages": []}""", "\"messages\" without messages")]
    [InlineData("chat", """{"messages": ["q"]}""", "a text, not an object")]
    [InlineData("chat", """{"messages": [{"content": "q"}]}""", "message 1 | \"role\"")]
    [InlineData("chat", """{"messages": [{"role": "user"}]}""", "message 1 | \"content\"")]
    [InlineData("chat", """{"messages": [{"role": "user", "content": null}]}""", "message 1 | \"content\"")]
    [InlineData("chat", """{"messages": [{"role": "user", "content": [{"type": "text"}]}]}""", "message 1 | \"content\" | a list, not a text")]
    [InlineData("chat", """{"messages": [{"role": "tool", "content": "q"}]}""", "\"tool\" | message 1 | system, user or assistant")]
    [InlineData("chat", """{"messages": [{"role": "assistant", "content": "", "tool_calls": [1]}]}""", "calls of tools | message 1")]
    [InlineData("chat", """{"messages": [{"role": "user", "content": " \n"}]}""", "empty message 1")]
    [InlineData("chat", """{"messages": [{"role": "user", "content": "q", "content": "r"}]}""", "message 1 | \"content\" more than once")]
    [InlineData("chat", """{"messages": [{"role": "user", "content": "\ud800"}]}""", "unpaired surrogate")]
    [InlineData("chat", $$"""{"messages": [{{Question}}]}""", "no message of the assistant")]
    [InlineData("chat", $$"""{"messages": [{{Question}}, {{Answer}}, {{Question}}]}""", "ends with a message of the user")]
    [InlineData("chat", $$"""{"messages": [{{Answer}}]}""", "begins with the assistant | gemma")]
    [InlineData("chat", $$"""{"messages": [{{Question}}, {{Question}}, {{Answer}}]}""", "two messages of the user | message 2 | gemma")]
    [InlineData("chat", $$"""{"messages": [{{Question}}, {{Answer}}, {"role": "system", "content": "s"}, {{Question}}, {{Answer}}]}""",
        "system message as message 3 | gemma")]
    [InlineData("chat", $$"""{"messages": [{{Question}}, {{Answer}}], "messages": []}""", "\"messages\" more than once")]
    [InlineData("chat", $$"""{"messages": [{{Question}}, {{Answer}}], "completion": "a"}""", "both \"messages\" and \"completion\"")]
    [InlineData("chat", """{"prompt": "q"}""", "no \"completion\"")]
    [InlineData("chat", """{"completion": "a"}""", "no \"prompt\"")]
    [InlineData("chat", """{"prompt": "q", "completion": " "}""", "\"completion\" | empty")]
    [InlineData("chat", """{"prompt": " ", "completion": "a"}""", "\"prompt\" | empty")]
    [InlineData("chat", """{"prompt": 7, "completion": "a"}""", "\"prompt\" | number")]
    [InlineData("chat", $$"""{"prompt": [{{Question}}, {{Answer}}], "completion": "a"}""", "\"prompt\" | ends with a message of the assistant")]
    [InlineData("chat", $$"""{"prompt": "q", "completion": [{{Question}}]}""", "\"completion\" | begins with a message of the user")]
    [InlineData("pairs", """{"prompt": "q", "chosen": "a"}""", "no \"rejected\"")]
    [InlineData("pairs", """{"prompt": "q", "rejected": "a"}""", "no \"chosen\"")]
    [InlineData("pairs", """{"chosen": "a", "rejected": "b"}""", "no \"prompt\"")]
    [InlineData("pairs", """{"prompt": "q", "chosen": "a", "rejected": ""}""", "\"rejected\" | empty")]
    [InlineData("pairs", """{"prompt": "q", "chosen": "a", "rejected": "a"}""", "\"chosen\" that is equal to its \"rejected\"")]
    [InlineData("pairs", """{"prompt": "q", "chosen": "a", "rejected": "b", "margin": "big"}""", "\"margin\" | a text, not a finite number")]
    [InlineData("pairs", """{"prompt": "q", "chosen": "a", "rejected": "b", "margin": 1e999}""", "\"margin\" | finite")]
    [InlineData("pairs", """{"prompt": "q", "chosen": "a", "rejected": "b", "margin": -1e10}""", "\"margin\" | -10000000000")]
    [InlineData("pairs", $$"""{"chosen": [{{Question}}, {{Answer}}], "rejected": [{{Question}}]}""", "\"chosen\" | \"rejected\" | share")]
    [InlineData("pairs", $$"""{"chosen": [{{Question}}, {{Answer}}], "rejected": [{"role": "user", "content": "?"}, {{Other}}]}""",
        "\"chosen\" | \"rejected\" | share")]
    [InlineData("pairs", $$"""{"prompt": "x", "chosen": [{{Question}}, {{Answer}}], "rejected": [{{Question}}, {{Other}}]}""",
        "\"prompt\" | not the beginning")]
    [InlineData("rankings", """{"prompt": "q", "completions": ["a"]}""", "1 of \"completions\"")]
    [InlineData("rankings", """{"prompt": "q", "completions": "a"}""", "\"completions\" | not a list")]
    [InlineData("rankings", """{"prompt": "q"}""", "no \"completions\"")]
    [InlineData("rankings", """{"completions": ["a", "b"]}""", "no \"prompt\"")]
    [InlineData("rankings", """{"prompt": "q", "completions": ["a", "b", "a"]}""", "equal completions 1 and 3")]
    [InlineData("rankings", """{"prompt": "q", "completions": ["a", "b"], "scores": [1]}""", "1 of \"scores\" for 2")]
    [InlineData("rankings", """{"prompt": "q", "completions": ["a", "b"], "scores": [1, 1]}""", "equal numbers in \"scores\"")]
    [InlineData("rankings", """{"prompt": "q", "completions": ["a", "b"], "scores": [1, 2], "ranks": [2, 1]}""", "both \"scores\" and \"ranks\"")]
    [InlineData("prompts", """{"answer": "4"}""", "\"prompt\" or \"messages\"")]
    [InlineData("prompts", $$"""{"prompt": "q", "messages": [{{Question}}]}""", "both \"prompt\" and \"messages\"")]
    [InlineData("prompts", $$"""{"messages": [{{Question}}, {{Answer}}]}""", "ends with a message of the assistant")]
    [InlineData("prompts", """{"prompt": "q", "a": 1, "a": 2}""", "\"a\" more than once")]
    public void A_malformed_record_is_refused_in_its_line_or_skipped(string kind, string line, string named)
    {
        var good = kind switch
        {
            "chat" => """{"prompt": "q", "completion": "a"}""",
            "pairs" => """{"prompt": "q", "chosen": "a", "rejected": "b"}""",
            "rankings" => """{"prompt": "q", "completions": ["a", "b"]}""",
            _ => """{"prompt": "q"}""",
        };
        var file = folder.Write("bad.jsonl", $"{good}\n\n{line}\n{good}\n");
        var sentence = Should.Throw<UserErrorException>(() => Read(kind, file)).Message;
        sentence.ShouldName($"{file}, line 3", named);
        sentence.ShouldNotContain("\n");
        if (line[0] == '[')
            return;

        sentence.ShouldName("--lenient");
        var reader = Reader(kind, lenient: true, file);
        if (line.Contains("\\ud800"))
        {
            reader.Read().Count().ShouldBe(2);
            return;
        }

        reader.Read().Count().ShouldBe(2);
        var bad = reader.Omissions.BadRecords.ShouldHaveSingleItem();
        bad.Count.ShouldBe(1);
        bad.First.ShouldBe($"{file}, line 3");
        reader.Omissions.Lines().ShouldContain(text => text.Contains(bad.Reason) && text.Contains(bad.First));

        // Counted anew in every reading.
        reader.Read().Count().ShouldBe(2);
        reader.Omissions.BadRecords.Single().Count.ShouldBe(1);
    }

    [Fact]
    public void Files_are_found_opened_and_reported_like_those_of_text()
    {
        folder.Write("in/b.jsonl.gz", "\ufeff{\"prompt\": \"b\", \"completion\": \"x\", \"id\": 1}\r\n");
        folder.Write("in/a.ndjson", "{\"prompt\": \"a\", \"completion\": \"x\", \"source\": {}}");
        folder.Write("in/README.md", "about");
        folder.Write("in/.hidden.jsonl", "{}");
        var reader = Reader("chat", lenient: false, folder.Of("in"));
        reader.Read().Select(static placed => placed.Group.Prompt[0].Content).ShouldBe(["a", "b"]);
        reader.Read().Select(static placed => placed.Place).ShouldBe([folder.Of("in/a.ndjson") + ", line 1", folder.Of("in/b.jsonl.gz") + ", line 1"]);
        reader.Omissions.Files.ShouldBe([folder.Of("in/.hidden.jsonl"), folder.Of("in/README.md")], ignoreOrder: true);
        reader.Omissions.IgnoredFields.ShouldBe(["id", "source"]);

        var empty = folder.Write("empty.jsonl", "\n");
        Should.Throw<UserErrorException>(() => Read("chat", empty)).Message.ShouldName(empty, "empty");
        var zip = folder.Write("a.zip", "PK\u0003\u0004");
        Should.Throw<UserErrorException>(() => Read("chat", zip)).Message.ShouldName(zip, "zip");
        var bytes = folder.Write("bytes.jsonl", [.. "{\"prompt\": \""u8, 0xFF, .. "\"}"u8]);
        Should.Throw<UserErrorException>(() => Read("chat", bytes)).Message.ShouldName(bytes, "UTF-8 at byte 12");
    }

    [Fact]
    public void Lenient_reading_repairs_characters_and_counts_them()
    {
        var file = folder.Write("a.jsonl", [.. "{\"prompt\": \""u8, 0xFF, .. "\\ud800\", \"completion\": \"a\"}"u8]);
        var reader = Reader("chat", lenient: true, file);
        reader.Read().Single().Group.Prompt[0].Content.ShouldBe("\ufffd\ufffd");
        reader.Omissions.Replaced.Single().Count.ShouldBe(2);
    }

    [Fact]
    public void A_stop_ends_reading()
    {
        var file = folder.Write("a.jsonl", string.Concat(Enumerable.Repeat("{\"prompt\": \"q\", \"completion\": \"a\"}\n", 100)));
        using var stop = new CancellationTokenSource();
        Should.Throw<OperationCanceledException>(() =>
        {
            foreach (var _ in Reader("chat", lenient: false, file).Read(stop.Token))
                stop.Cancel();
        });
    }

    private static List<PlacedGroup> Read(string kind, string file) => [.. Reader(kind, lenient: false, file).Read()];

    // Gemma's is the strictest template.
    private static ChatReader Reader(string kind, bool lenient, string file) => new(
        new SourceOptions { Inputs = [file], Lenient = lenient }, Enum.Parse<DataKind>(kind, ignoreCase: true), ChatTemplate.Find("gemma"));

    private static string Described(ChatGroup group)
    {
        var answers = string.Join(" | ", group.Answers.Select(Text));
        return $"{Text(group.Prompt)} > {answers}{(group.Margin != 0 ? $" {group.Margin}" : "")}{group.Reference}".TrimEnd();

        static string Text(IEnumerable<ChatMessage> messages) =>
            string.Join(' ', messages.Select(static message => $"{message.Role.ToString()[0]}:{message.Content}"));
    }
}

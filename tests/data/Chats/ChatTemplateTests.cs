using ActorTrain.Data.Chats;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Models;

namespace ActorTrain.Data.Tests.Chats;

/// <summary>The built-in templates against texts written by hand from the public ones, and templates of one's own.</summary>
public sealed class ChatTemplateTests : IDisposable
{
    private static readonly ChatMessage[] WithSystem =
        [Chat.System("Be brief."), Chat.User("Hi"), Chat.Assistant("Hello."), Chat.User("Who?"), Chat.Assistant("Me.")];

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("chatml",
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n«Hello.<|im_end|>»\n"
            + "<|im_start|>user\nWho?<|im_end|>\n<|im_start|>assistant\n«Me.<|im_end|>»\n")]
    [InlineData("llama2",
        "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST]« Hello. </s>»<s>[INST] Who? [/INST]« Me. </s>»")]
    [InlineData("llama3",
        "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>"
            + "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n«Hello.<|eot_id|>»"
            + "<|start_header_id|>user<|end_header_id|>\n\nWho?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n«Me.<|eot_id|>»")]
    [InlineData("gemma",
        "<bos><start_of_turn>user\nBe brief.\n\nHi<end_of_turn>\n<start_of_turn>model\n«Hello.<end_of_turn>»\n"
            + "<start_of_turn>user\nWho?<end_of_turn>\n<start_of_turn>model\n«Me.<end_of_turn>»\n")]
    [InlineData("mistral", "<s>[INST] Be brief.\n\nHi[/INST]« Hello.</s>»[INST] Who?[/INST]« Me.</s>»")]
    [InlineData("plain", "Be brief.\n\nHi«Hello.<|endoftext|>»Who?«Me.<|endoftext|>»")]
    public void A_chat_is_written_as_the_public_template_does(string name, string expected)
    {
        var template = ChatTemplate.Find(name);
        using var tokenizer = Chat.Bytes(template);
        var encoder = new ChatEncoder(template, tokenizer, "the data");
        var (prompt, answer) = Chat.Cut(WithSystem);
        var (ids, isTarget) = Chat.Expected(expected, tokenizer);
        var sequence = encoder.Encode(prompt, answer);
        sequence.Marked(tokenizer).ShouldBe(expected);
        sequence.Ids.ToArray().ShouldBe(ids);
        sequence.IsTarget.ToArray().ShouldBe(isTarget);

        // What the model is given when it generates is what stands there ahead of the answer.
        var given = encoder.EncodePrompt(prompt);
        given.Ids.ToArray().ShouldBe(ids[..isTarget.IndexOf(true)]);
        given.IsTarget.Contains(true).ShouldBeFalse();
        encoder.EndOfTurn.ShouldBe(ids[Array.LastIndexOf(isTarget, true)]);

        // Only the last turn, where it is asked for.
        var last = encoder.Encode(prompt, answer, lastOnly: true);
        last.Ids.ToArray().ShouldBe(ids);
        var split = expected.LastIndexOf(Chat.Begin);
        last.Marked(tokenizer).ShouldBe(expected[..split].Replace("«", "").Replace("»", "") + expected[split..]);
    }

    [Theory]
    [InlineData("chatml", "<|im_start|>,<|im_end|>")]
    [InlineData("llama2", "<s>,</s>")]
    [InlineData("llama3", "<|begin_of_text|>,<|start_header_id|>,<|end_header_id|>,<|eot_id|>")]
    [InlineData("gemma", "<bos>,<start_of_turn>,<end_of_turn>")]
    [InlineData("mistral", "<s>,[INST],[/INST],</s>")]
    [InlineData("plain", "")]
    public void A_template_names_the_tokens_that_it_needs(string name, string tokens)
    {
        var template = ChatTemplate.Find(name);
        string.Join(',', template.SpecialTokens).ShouldBe(tokens);
        if (tokens.Length == 0)
            return;
        using var bare = new ByteTokenizer();
        Should.Throw<UserErrorException>(() => new ChatEncoder(template, bare, "data/book")).Message
            .ShouldName("data/book", name, tokens.Replace(",", ", "), $"actortrain prepare --template {name}", "--template plain");
    }

    [Theory]
    [InlineData("llama2", "<s>[INST] a [/INST]« b </s>»")]
    [InlineData("gemma", "<bos><start_of_turn>user\na<end_of_turn>\n<start_of_turn>model\n«b<end_of_turn>»\n")]
    [InlineData("chatml", "<|im_start|>user\n \ta\n<|im_end|>\n<|im_start|>assistant\n«\nb <|im_end|>»\n")]
    public void White_space_around_contents_is_kept_or_removed_as_there(string name, string expected)
    {
        var template = ChatTemplate.Find(name);
        using var tokenizer = Chat.Bytes(template);
        new ChatEncoder(template, tokenizer, "it").Encode([Chat.User(" \ta\n")], [Chat.Assistant("\nb ")]).Marked(tokenizer)
            .ShouldBe(expected);
    }

    [Fact]
    public void A_template_of_ones_own_is_read_from_a_file()
    {
        var file = folder.Write("mine.json", """
            {
              "begin": [{"special": "<chat>"}],
              "user": {"before": [{"text": "Q: "}], "after": [{"text": "\n"}]},
              "assistant": {"before": [{"text": "A: "}], "lead": [{"special": "<go>"}], "end": [{"text": "."}, {"special": "<stop>"}]}
            }
            """);
        var template = ChatTemplate.Find(file);
        template.Name.ShouldBe("mine");
        template.SpecialTokens.ShouldBe(["<chat>", "<go>", "<stop>"]);
        using var tokenizer = Chat.Bytes(template);
        new ChatEncoder(template, tokenizer, "it").Encode([Chat.User("1?")], [Chat.Assistant("2")]).Marked(tokenizer)
            .ShouldBe("<chat>Q: 1?\nA: «<go>2.<stop>»");

        // Its name is no part of it, everything else is, and a copy that is written is the same.
        var copy = ChatTemplate.Find(folder.Write("other.json", template.ToJson()));
        copy.Identity.ShouldBe(template.Identity);
        copy.IsSameAs(template).ShouldBeTrue();
        (template with { Trim = true }).Identity.ShouldNotBe(template.Identity);
        (template with { Trim = true }).IsSameAs(template).ShouldBeFalse();
        ChatTemplate.BuiltIn.Select(static name => ChatTemplate.Find(name).Identity).Distinct().Count().ShouldBe(ChatTemplate.BuiltIn.Count);
    }

    [Theory]
    [InlineData("{", "bad.json | line 1 | not a chat template")]
    [InlineData("[]", "bad.json | not a chat template")]
    [InlineData("""{"user": {}}""", "bad.json | assistant")]
    [InlineData("""{"user": {}, "assistant": {"end": []}}""", "bad.json | assistant.end")]
    [InlineData("""{"user": {}, "assistant": {"end": [{"special": "<e>"}, {"text": "x"}]}}""", "bad.json | assistant.end")]
    [InlineData("""{"user": {}, "assistant": {"end": [{"special": "<e>", "text": "x"}]}}""", "bad.json | \"text\" or a \"special\"")]
    [InlineData("""{"user": {}, "assistant": {"end": [{}]}}""", "bad.json | \"text\" or a \"special\"")]
    [InlineData("""{"user": {"before": [{"text": ""}]}, "assistant": {"end": [{"special": "<e>"}]}}""", "bad.json | an empty piece")]
    [InlineData("""{"user": {}, "assistant": {"end": [{"special": "a\nb"}]}}""", "bad.json | invalid name")]
    [InlineData("""{"user": {}, "user": {}, "assistant": {"end": [{"special": "<e>"}]}}""", "bad.json | user")]
    [InlineData("""{"user": {}, "chat_template": "{% for %}", "assistant": {"end": [{"special": "<e>"}]}}""", "bad.json | chat_template")]
    public void A_file_that_is_no_template_is_refused(string json, string named) =>
        Should.Throw<UserErrorException>(() => ChatTemplate.Find(folder.Write("bad.json", json))).Message.ShouldName(named, "--template");

    [Fact]
    public void A_template_that_does_not_exist_is_refused() =>
        Should.Throw<UserErrorException>(() => ChatTemplate.Find("chatlm")).Message
            .ShouldName("'chatlm'", "chatml, llama2, llama3, gemma, mistral, plain");
}

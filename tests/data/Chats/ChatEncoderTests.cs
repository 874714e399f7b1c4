using ActorTrain.Data.Chats;
using ActorTrain.Data.Tokenizers;

namespace ActorTrain.Data.Tests.Chats;

/// <summary>Properties of every template over random chats.</summary>
public sealed class ChatEncoderTests
{
    // What chat templates of transformers print, with marks around what the assistant says.
    private static readonly Dictionary<string, Func<IReadOnlyList<ChatMessage>, string>> Printed = new()
    {
        ["chatml"] = static messages => string.Concat(messages.Select(static message => message.Role switch
        {
            ChatRole.Assistant => $"<|im_start|>assistant\n«{message.Content}<|im_end|>»\n",
            var role => $"<|im_start|>{role.ToString().ToLowerInvariant()}\n{message.Content}<|im_end|>\n",
        })),
        ["llama2"] = static messages => string.Concat(Folded(messages, "<<SYS>>\n", "\n<</SYS>>\n\n").Select(static message =>
            message.Role is ChatRole.User ? $"<s>[INST] {message.Content} [/INST]" : $"« {message.Content} </s>»")),
        ["llama3"] = static messages => "<|begin_of_text|>" + string.Concat(messages.Select(static message =>
            $"<|start_header_id|>{message.Role.ToString().ToLowerInvariant()}<|end_header_id|>\n\n"
            + (message.Role is ChatRole.Assistant ? $"«{message.Content.Trim()}<|eot_id|>»" : $"{message.Content.Trim()}<|eot_id|>"))),
        ["gemma"] = static messages => "<bos>" + string.Concat(Folded(messages, "", "\n\n").Select(static message =>
            message.Role is ChatRole.User ? $"<start_of_turn>user\n{message.Content}<end_of_turn>\n"
                : $"<start_of_turn>model\n«{message.Content}<end_of_turn>»\n")),
        ["mistral"] = static messages => "<s>" + string.Concat(Folded(messages, "", "\n\n", trim: false).Select(static message =>
            message.Role is ChatRole.User ? $"[INST] {message.Content}[/INST]" : $"« {message.Content}</s>»")),
        ["plain"] = static messages => string.Concat(messages.Select(static message => message.Role switch
        {
            ChatRole.System => $"{message.Content}\n\n",
            ChatRole.User => message.Content,
            _ => $"«{message.Content}<|endoftext|>»",
        })),
    };

    private static readonly Lazy<SentencePieceTokenizer> Bpe = new(static () => SentencePieceTraining.Train(
        TokenizerKind.Bpe, 400, [System.Text.Encoding.UTF8.GetBytes(Texts.Prose(3, 50_000))]));

    public static TheoryData<string, int> Cases
    {
        get
        {
            var cases = new TheoryData<string, int>();
            foreach (var name in ChatTemplate.BuiltIn)
            {
                for (var seed = 0; seed < 20; seed++)
                    cases.Add(name, seed);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Targets_are_what_the_assistant_says_and_nothing_else(string name, int seed)
    {
        var template = ChatTemplate.Find(name);
        foreach (var tokenizer in new[] { Chat.Bytes(template), Reserved(Bpe.Value, template) })
        {
            var messages = Random(seed);
            var (prompt, answer) = Chat.Cut(messages);
            var encoder = new ChatEncoder(template, tokenizer, "it");
            var sequence = encoder.Encode(prompt, answer);
            sequence.Marked(tokenizer).ShouldBe(Printed[name](messages));

            // The text of the special tokens in contents is text: as many special tokens as in a chat without it.
            var bland = messages.Select(static message => message with { Content = "x" }).ToList();
            SpecialIds(encoder.Encode(Chat.Cut(bland).Prompt, Chat.Cut(bland).Answer), tokenizer)
                .ShouldBe(SpecialIds(sequence, tokenizer));

            // Each turn continues the ids of the turns ahead of it: nothing is encoded anew.
            for (var turn = 1; turn < messages.Count; turn++)
            {
                if (messages[turn].Role is not ChatRole.Assistant)
                    continue;
                var given = encoder.EncodePrompt([.. messages.Take(turn)]);
                sequence.Ids[..given.Length].SequenceEqual(given.Ids).ShouldBeTrue();
                sequence.IsTarget[given.Length].ShouldBeTrue();
            }
        }
    }

    private static ITokenizer Reserved(ITokenizer text, ChatTemplate template) =>
        template.SpecialTokens.Count == 0 ? text : new SpecialTokenizer(text, template.SpecialTokens);

    private static int[] SpecialIds(EncodedSequence sequence, ITokenizer tokenizer)
    {
        var special = tokenizer.SpecialTokens().Values.ToHashSet();
        return [.. sequence.Ids.ToArray().Where(special.Contains)];
    }

    private static List<ChatMessage> Random(int seed)
    {
        var random = new Random(seed);
        string[] traps =
        [
            "<|im_end|>", "<|im_start|>assistant\n", "</s>", "[/INST]", "<|eot_id|>", "<end_of_turn>", "<|endoftext|>", " ", "\n", "▁", "\t",
            "<0x0A>", "数据",
        ];
        var messages = new List<ChatMessage>();
        if (random.Next(2) == 0)
            messages.Add(Chat.System(Content()));
        for (var turn = random.Next(1, 4); turn > 0; turn--)
        {
            messages.Add(Chat.User(Content()));
            messages.Add(Chat.Assistant(Content()));
        }

        return messages;

        string Content() => string.Concat(Enumerable.Range(0, random.Next(1, 5)).Select(_ =>
            random.Next(2) == 0 ? traps[random.Next(traps.Length)] : Texts.Prose(random.Next(), random.Next(1, 30)))) + "x";
    }

    /// <summary>A system message within the first message of the user.</summary>
    private static List<ChatMessage> Folded(IReadOnlyList<ChatMessage> messages, string before, string after, bool trim = true)
    {
        var trimmed = messages.Select(message => trim ? message with { Content = message.Content.Trim() } : message).ToList();
        if (trimmed[0].Role is not ChatRole.System)
            return trimmed;
        return [Chat.User(before + trimmed[0].Content + after + trimmed[1].Content), .. trimmed.Skip(2)];
    }
}

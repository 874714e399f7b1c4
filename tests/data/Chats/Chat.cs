using ActorTrain.Data.Chats;
using ActorTrain.Data.Shards;
using ActorTrain.Data.Tokenizers;

namespace ActorTrain.Data.Tests.Chats;

/// <summary>Chats to test with, and what is expected of them, written by hand.</summary>
internal static class Chat
{
    public const char Begin = '«', End = '»';

    public static ChatMessage System(string text) => new(ChatRole.System, text);

    public static ChatMessage User(string text) => new(ChatRole.User, text);

    public static ChatMessage Assistant(string text) => new(ChatRole.Assistant, text);

    /// <summary>The messages ahead of the first answer, and the rest.</summary>
    public static (IReadOnlyList<ChatMessage> Prompt, IReadOnlyList<ChatMessage> Answer) Cut(IReadOnlyList<ChatMessage> messages)
    {
        var first = messages.TakeWhile(static message => message.Role is not ChatRole.Assistant).Count();
        return ([.. messages.Take(first)], [.. messages.Skip(first)]);
    }

    /// <summary>A tokenizer of bytes with the special tokens of a template.</summary>
    public static ITokenizer Bytes(ChatTemplate template) => template.SpecialTokens.Count == 0 ? new ByteTokenizer()
        : new SpecialTokenizer(new ByteTokenizer(), template.SpecialTokens);

    /// <summary>Ids and marks of a text written by hand, in which names of special tokens are those tokens, targets are between
    /// « and », and everything else is bytes.</summary>
    public static (int[] Ids, bool[] IsTarget) Expected(string text, ITokenizer tokenizer)
    {
        var special = tokenizer.SpecialTokens();
        var (ids, marks, isTarget) = (new List<int>(), new List<bool>(), false);
        for (var at = 0; at < text.Length;)
        {
            if (text[at] is Begin or End)
            {
                isTarget = text[at++] == Begin;
                continue;
            }

            var name = special.Keys.FirstOrDefault(name => string.CompareOrdinal(text, at, name, 0, name.Length) == 0);
            int[] found = name is null ? tokenizer.Encode(text[at].ToString()) : [special[name]];
            ids.AddRange(found);
            marks.AddRange(found.Select(_ => isTarget));
            at += name?.Length ?? 1;
        }

        return ([.. ids], [.. marks]);
    }

    /// <summary>A sequence as such a text.</summary>
    public static string Marked(ITokenizer tokenizer, ReadOnlySpan<int> ids, ReadOnlySpan<bool> isTarget)
    {
        var (text, from) = ("", 0);
        for (var i = 1; i <= ids.Length; i++)
        {
            if (i < ids.Length && isTarget[i] == isTarget[from])
                continue;
            var part = tokenizer.Display(ids[from..i]);
            text += isTarget[from] ? $"{Begin}{part}{End}" : part;
            from = i;
        }

        return text;
    }

    public static string Marked(this EncodedSequence sequence, ITokenizer tokenizer) =>
        Marked(tokenizer, sequence.Ids, sequence.IsTarget);

    /// <summary>The sequences of a part by groups, as such texts.</summary>
    public static List<string[]> Groups(TokenStore store, SequencePart part)
    {
        var groups = new List<string[]>();
        for (var group = 0L; group < part.Groups; group++)
        {
            groups.Add([.. Enumerable.Range(0, part.SizeOf(group)).Select(i =>
            {
                var sequence = part.FirstOf(group) + i;
                var (tokens, isTarget) = (new long[part.LengthOf(sequence)], new bool[part.LengthOf(sequence)]);
                part.Read(sequence, tokens, isTarget);
                part.TargetsOf(sequence).ShouldBe(isTarget.Count(static mark => mark));
                return Marked(store.Tokenizer, [.. tokens.Select(static id => (int)id)], isTarget);
            })]);
        }

        return groups;
    }
}

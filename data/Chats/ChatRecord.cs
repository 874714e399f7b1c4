using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using ActorTrain.Models.Rollouts;

namespace ActorTrain.Data.Chats;

/// <summary>Reads one record of a kind of data; the layouts are those of public data sets.</summary>
/// <remarks>
/// <para>Chat: <c>messages</c>, or <c>prompt</c> and <c>completion</c>.</para>
/// <para>Pairs: <c>chosen</c> and <c>rejected</c>, with a <c>prompt</c> or as whole conversations with the same beginning, and perhaps a
/// <c>margin</c>.</para>
/// <para>Rankings: <c>prompt</c> and <c>completions</c>, best first or with <c>scores</c> or <c>ranks</c>.</para>
/// <para>Prompts: <c>prompt</c>, or <c>messages</c> up to one of the user; the other fields are the reference.</para>
/// </remarks>
internal sealed class ChatRecord(DataKind kind)
{
    private const string Prompt = "prompt", Messages = "messages", Completion = "completion", Completions = "completions";
    private const string Chosen = "chosen", Rejected = "rejected", Margin = "margin", Scores = "scores", Ranks = "ranks";
    private static readonly JsonWriterOptions Verbatim = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly SortedSet<string> ignored = new(StringComparer.Ordinal);
    private readonly SortedSet<string> ignoredOfMessages = new(StringComparer.Ordinal);

    /// <summary>Fields of records that are not in the data.</summary>
    public IReadOnlyCollection<string> Ignored => ignored;

    /// <summary>Fields of messages that are not in the data.</summary>
    public IReadOnlyCollection<string> IgnoredOfMessages => ignoredOfMessages;

    /// <exception cref="BadRecordException">It is not such a record.</exception>
    public ChatGroup Read(JsonElement record)
    {
        var fields = new ChatFields(record);
        var messages = new MessageList(ignoredOfMessages);
        var group = kind switch
        {
            DataKind.Chat => ChatOf(fields, messages),
            DataKind.Pairs => PairOf(fields, messages),
            DataKind.Rankings => RankingOf(fields, messages),
            DataKind.Prompts => PromptOf(fields, messages),
            _ => throw new ArgumentOutOfRangeException(nameof(record), kind, "Text has no chats."),
        };
        if (kind is DataKind.Prompts)
            return group with { Reference = ReferenceOf(fields) };
        foreach (var (name, _) in fields.Others)
            ignored.Add(name);
        return group;
    }

    private static ChatGroup ChatOf(ChatFields fields, MessageList messages)
    {
        // Some collections repeat the first message as a prompt beside the messages.
        if (fields.Find(Messages) is { } whole)
        {
            if (fields.Has(Completion))
                throw Ambiguous(Messages, Completion);
            var chat = messages.Read(whole, $"a \"{Messages}\"");
            var first = FirstAnswer(chat);
            if (first < 0)
                throw NoAnswer($"has no message of the assistant in \"{Messages}\"");
            if (chat[^1].Role is not ChatRole.Assistant)
                throw NoAnswer($"ends with a message of the {chat[^1].Role.ToString().ToLowerInvariant()} in \"{Messages}\"");
            return new ChatGroup([.. chat.Take(first)], [[.. chat.Skip(first)]]);
        }

        if (!fields.Has(Prompt) && !fields.Has(Completion))
            throw Missing($"\"{Messages}\", nor \"{Prompt}\" and \"{Completion}\"");
        return new ChatGroup(
            Required(fields, messages, Prompt), [AnswerOf(messages, Field(fields, Completion), $"a \"{Completion}\"")]);
    }

    private static ChatGroup PairOf(ChatFields fields, MessageList messages)
    {
        var (better, worse) = (Field(fields, Chosen), Field(fields, Rejected));
        var margin = fields.Find(Margin) is { } given ? ChatFields.NumberOf(given, $"a \"{Margin}\"") : 0;
        if (Math.Abs(margin) > RolloutScore.Largest)
            throw new BadRecordException(
                "with a huge margin", $"has a \"{Margin}\" of {margin}, beyond ±{RolloutScore.Largest}", "give it in units of the score");
        var prompt = fields.Has(Prompt) ? Required(fields, messages, Prompt) : null;
        var chosen = messages.Read(better, $"a \"{Chosen}\"", ChatRole.Assistant);
        var rejected = messages.Read(worse, $"a \"{Rejected}\"", ChatRole.Assistant);
        if (chosen.SequenceEqual(rejected))
            throw new BadRecordException(
                "with equal answers", $"has a \"{Chosen}\" that is equal to its \"{Rejected}\"", "make them differ, or remove the record");
        if (chosen[0].Role is ChatRole.Assistant && rejected[0].Role is ChatRole.Assistant)
        {
            if (prompt is null)
                throw new BadRecordException(
                    $"without \"{Prompt}\"", $"has no \"{Prompt}\", and \"{Chosen}\" and \"{Rejected}\" begin with the assistant",
                    $"add the field \"{Prompt}\"");
            return new ChatGroup(prompt, [Ended(chosen, Chosen), Ended(rejected, Rejected)]) { Margin = margin };
        }

        var shared = chosen.Zip(rejected).TakeWhile(static pair => pair.First == pair.Second).Count();
        if (shared == 0 || shared == chosen.Count || shared == rejected.Count
            || chosen[shared].Role is not ChatRole.Assistant || rejected[shared].Role is not ChatRole.Assistant)
            throw new BadRecordException(
                "whose conversations differ in more than answers",
                $"has a \"{Chosen}\" and a \"{Rejected}\" that do not share everything ahead of an answer of the assistant",
                "give them the same beginning, and each an answer");
        var beginning = chosen.Take(shared).ToList();
        if (prompt is not null && !beginning.Take(prompt.Count).SequenceEqual(prompt) && !IsLastUser(beginning, prompt))
            throw new BadRecordException(
                "whose prompt is not the beginning", $"has a \"{Prompt}\" that is not the beginning of \"{Chosen}\"",
                $"remove one of the two from the record");
        return new ChatGroup(beginning, [Ended(chosen.Skip(shared), Chosen), Ended(rejected.Skip(shared), Rejected)]) { Margin = margin };
    }

    // A text may repeat the question ahead of which a conversation has a system message or earlier turns.
    private static bool IsLastUser(List<ChatMessage> beginning, IReadOnlyList<ChatMessage> prompt) =>
        prompt.Count == 1 && beginning.Where(static message => message.Role is ChatRole.User).Any(message => message == prompt[0]);

    private static ChatGroup RankingOf(ChatFields fields, MessageList messages)
    {
        var prompt = Required(fields, messages, Prompt);
        var answers = ChatFields.ListOf(Field(fields, Completions), $"a \"{Completions}\"")
            .Select((answer, i) => AnswerOf(messages, answer, $"a completion {i + 1}")).ToList();
        if (answers.Count < 2)
            throw new BadRecordException(
                "with fewer than two completions", $"has {answers.Count} of \"{Completions}\", but a ranking has at least two",
                "add completions, or remove the record");
        for (var i = 0; i < answers.Count; i++)
        {
            for (var j = 0; j < i; j++)
            {
                if (answers[i].SequenceEqual(answers[j]))
                    throw new BadRecordException(
                        "with equal answers", $"has equal completions {j + 1} and {i + 1}", "remove one of them");
            }
        }

        return new ChatGroup(prompt, [.. OrderOf(fields, answers.Count).Select(at => answers[at])]);
    }

    /// <summary>The completions, best first, by their numbers from 0.</summary>
    private static IEnumerable<int> OrderOf(ChatFields fields, int count)
    {
        var (scores, ranks) = (fields.Find(Scores), fields.Find(Ranks));
        if (scores is not null && ranks is not null)
            throw Ambiguous(Scores, Ranks);
        if ((scores ?? ranks) is not { } values)
            return Enumerable.Range(0, count);
        var name = scores is null ? Ranks : Scores;
        var sign = scores is null ? 1 : -1;
        var numbers = ChatFields.ListOf(values, $"a \"{name}\"")
            .Select(value => ChatFields.NumberOf(value, $"a number of \"{name}\"")).ToList();
        if (numbers.Count != count)
            throw new BadRecordException(
                "with too few or too many scores", $"has {numbers.Count} of \"{name}\" for {count} of \"{Completions}\"",
                "give one for each");
        if (numbers.Distinct().Count() != count)
            throw new BadRecordException(
                "with ties", $"has equal numbers in \"{name}\", so the better of two completions is unknown", "keep one of those that tie");
        return Enumerable.Range(0, count).OrderBy(at => sign * numbers[at]);
    }

    private static ChatGroup PromptOf(ChatFields fields, MessageList messages)
    {
        if (fields.Has(Prompt) && fields.Has(Messages))
            throw Ambiguous(Prompt, Messages);
        if (!fields.Has(Prompt) && !fields.Has(Messages))
            throw Missing($"\"{Prompt}\" or \"{Messages}\"");
        var name = fields.Has(Prompt) ? Prompt : Messages;
        return new ChatGroup(Required(fields, messages, name), []);
    }

    /// <summary>A prompt: it ends with the user.</summary>
    private static IReadOnlyList<ChatMessage> Required(ChatFields fields, MessageList messages, string name)
    {
        var prompt = messages.Read(Field(fields, name), $"a \"{name}\"", ChatRole.User);
        return prompt[^1].Role is ChatRole.User ? prompt
            : throw new BadRecordException(
                "whose prompt does not end with the user",
                $"has a \"{name}\" that ends with a message of the {prompt[^1].Role.ToString().ToLowerInvariant()}, not of the user",
                "end it with what the user asks");
    }

    private static List<ChatMessage> AnswerOf(MessageList messages, JsonElement value, string what)
    {
        var answer = messages.Read(value, what, ChatRole.Assistant);
        return answer[0].Role is ChatRole.Assistant ? Ended(answer, what[2..].Trim('"'))
            : throw NoAnswer($"has {what} that begins with a message of the {answer[0].Role.ToString().ToLowerInvariant()}");
    }

    private static List<ChatMessage> Ended(IEnumerable<ChatMessage> answer, string name)
    {
        var messages = answer.ToList();
        return messages[^1].Role is ChatRole.Assistant ? messages
            : throw NoAnswer($"ends with a message of the {messages[^1].Role.ToString().ToLowerInvariant()} in \"{name}\"");
    }

    private static int FirstAnswer(IReadOnlyList<ChatMessage> chat)
    {
        for (var i = 0; i < chat.Count; i++)
        {
            if (chat[i].Role is ChatRole.Assistant)
                return i;
        }

        return -1;
    }

    private static JsonElement Field(ChatFields fields, string name) => fields.Find(name)
        ?? throw new BadRecordException($"without \"{name}\"", $"has no \"{name}\"", $"add the field \"{name}\"");

    private static string? ReferenceOf(ChatFields fields)
    {
        if (!fields.Others.Any())
            return null;
        using var memory = new MemoryStream();
        using (var writer = new Utf8JsonWriter(memory, Verbatim))
        {
            writer.WriteStartObject();
            foreach (var (name, value) in fields.Others)
            {
                writer.WritePropertyName(name);

                // It was parsed, and a check would refuse what is deeply nested.
                writer.WriteRawValue(value.GetRawText(), skipInputValidation: true);
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(memory.ToArray());
    }

    private static BadRecordException Ambiguous(string one, string other) => new(
        "with two kinds of fields", $"has both \"{one}\" and \"{other}\"", "remove one of them");

    private static BadRecordException Missing(string fields) => new(
        "without messages", $"has neither {fields}", "name the fields so, or choose another --kind");

    private static BadRecordException NoAnswer(string problem) => new(
        "that do not end with the assistant", $"{problem}, but the assistant is to be learnt", "let the assistant answer last");
}

using System.Text.Json;

namespace ActorTrain.Data.Chats;

/// <summary>Reads messages: a list of objects with <c>role</c> and <c>content</c>, or a text in place of a single one.</summary>
/// <param name="ignored">Receives the names of other fields of messages.</param>
internal sealed class MessageList(ISet<string> ignored)
{
    private static readonly Dictionary<string, ChatRole> Roles = new(StringComparer.Ordinal)
    {
        ["system"] = ChatRole.System,
        ["user"] = ChatRole.User,
        ["assistant"] = ChatRole.Assistant,
    };

    /// <summary>A text as one message of a role, or a list of messages.</summary>
    /// <param name="what">For a sentence, such as <c>a "prompt"</c>.</param>
    /// <param name="role">Of a text.</param>
    /// <exception cref="BadRecordException">It is neither, or not valid.</exception>
    public IReadOnlyList<ChatMessage> Read(JsonElement value, string what, ChatRole role) => value.ValueKind switch
    {
        JsonValueKind.String => [Message(role, ChatFields.TextOf(value, what), what)],
        JsonValueKind.Array => Read(value, what),
        _ => throw new BadRecordException(
            "with a field of the wrong type", $"has {what} that is {ChatFields.KindOf(value)}, not a text or a list of messages",
            "make it a JSON string"),
    };

    /// <exception cref="BadRecordException">It is not a list of messages.</exception>
    public IReadOnlyList<ChatMessage> Read(JsonElement value, string what)
    {
        var messages = new List<ChatMessage>();
        foreach (var item in ChatFields.ListOf(value, what))
        {
            if (item.ValueKind is not JsonValueKind.Object)
                throw new BadRecordException(
                    "with a field of the wrong type", $"has {what} with a message that is {ChatFields.KindOf(item)}, not an object",
                    "make it an object with \"role\" and \"content\"");
            if (Read(item, messages.Count + 1) is { } message)
                messages.Add(message);
        }

        return messages.Count > 0 ? messages
            : throw new BadRecordException(
                "without messages", $"has {what} without messages", "add messages with \"role\" and \"content\"");
    }

    private ChatMessage? Read(JsonElement item, int number)
    {
        var fields = new ChatFields(item, $"in message {number} ");
        var name = fields.TextOf("role");
        if (!Roles.TryGetValue(name, out var role))
            throw new BadRecordException(
                "with an unknown role", $"has the unknown role \"{name}\" in message {number}", "use system, user or assistant");
        if (fields.Has("tool_calls") || fields.Has("function_call"))
            throw new BadRecordException(
                "with calls of tools", $"has calls of tools in message {number}, which no template here can write",
                "write them into its \"content\"");
        var content = fields.TextOf("content");
        foreach (var (other, _) in fields.Others)
            ignored.Add(other);

        // Many collections have an empty system message where others have none.
        return role is ChatRole.System && string.IsNullOrWhiteSpace(content) ? null : Message(role, content, $"message {number}");
    }

    private static ChatMessage Message(ChatRole role, string content, string what) => string.IsNullOrWhiteSpace(content)
        ? throw new BadRecordException(
            role is ChatRole.Assistant ? "with an empty answer" : "with an empty message",
            $"has {(what.StartsWith('a') ? "" : "an empty ")}{what}{(what.StartsWith('a') ? " that is empty" : "")}",
            role is ChatRole.Assistant ? "write what the assistant says" : "write its text")
        : new ChatMessage(role, content);
}

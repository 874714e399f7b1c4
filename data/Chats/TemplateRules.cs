namespace ActorTrain.Data.Chats;

/// <summary>Which orders of messages a template can write.</summary>
internal static class TemplateRules
{
    /// <exception cref="BadRecordException">The template cannot write these messages.</exception>
    public static void Require(this ChatTemplate template, ChatGroup group)
    {
        Require(template, group.Prompt, []);
        foreach (var answer in group.Answers)
            Require(template, group.Prompt, answer);
    }

    private static void Require(ChatTemplate template, IReadOnlyList<ChatMessage> prompt, IReadOnlyList<ChatMessage> answer)
    {
        ChatRole? last = null;
        foreach (var (i, message) in prompt.Concat(answer).Index())
        {
            if (message.Role is ChatRole.System)
                RequireSystem(template, prompt, i);
            else if (template.Alternate && last is null or ChatRole.System && message.Role is ChatRole.Assistant)
                throw new BadRecordException(
                    "in which the assistant is first", $"begins with the assistant, but in the template {template.Name} the user is first",
                    "begin with a message of the user");
            else if (template.Alternate && message.Role == last)
                throw new BadRecordException(
                    "without turns in alternation",
                    $"has two messages of the {message.Role.ToString().ToLowerInvariant()} in a row (the second is message {i + 1}), "
                    + $"but in the template {template.Name} user and assistant take turns", "join them");
            last = message.Role;
        }
    }

    private static void RequireSystem(ChatTemplate template, IReadOnlyList<ChatMessage> prompt, int at)
    {
        if (template.System is not { } system)
            throw new BadRecordException(
                "with a system message", $"has a system message, but the template {template.Name} has none",
                "move it into the first message of the user");
        if (at > 0 && (template.Alternate || system.InUser))
            throw new BadRecordException(
                "with a late system message",
                $"has a system message as message {at + 1}, but in the template {template.Name} it can only be the first",
                "move it to the beginning");
        if (system.InUser && (at + 1 >= prompt.Count || prompt[at + 1].Role is not ChatRole.User))
            throw new BadRecordException(
                "with a system message ahead of no user",
                $"has no message of the user after the system message, which the template {template.Name} places in it",
                "let the user follow");
    }
}

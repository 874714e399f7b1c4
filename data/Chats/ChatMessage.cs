namespace ActorTrain.Data.Chats;

public enum ChatRole
{
    System,
    User,
    Assistant,
}

/// <param name="Content">Not blank, without unpaired surrogates.</param>
public sealed record ChatMessage(ChatRole Role, string Content);

/// <summary>One record of chats, pairs, rankings or prompts: a prompt and its answers.</summary>
/// <param name="Prompt">Of a chat, the messages ahead of the first of the assistant.</param>
/// <param name="Answers">The messages after the prompt, of which those of the assistant are learnt: one list for a chat, at least two, best
/// first, for a pair or a ranking, none for a prompt alone.</param>
public sealed record ChatGroup(IReadOnlyList<ChatMessage> Prompt, IReadOnlyList<IReadOnlyList<ChatMessage>> Answers)
{
    /// <summary>Of a pair: by how much the first answer is better; 0 if it is not given.</summary>
    public double Margin { get; init; }

    /// <summary>Of a prompt: its other fields as a JSON object; null if there are none.</summary>
    public string? Reference { get; init; }
}

using System.Text;
using ActorTrain.Data.Chats;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Models;

namespace ActorTrain.Host.Generating;

/// <summary>What a text is generated from.</summary>
/// <param name="Shown">What is printed ahead of it.</param>
/// <param name="Lead">What it may begin with that is not part of it.</param>
/// <param name="End">The token that ends it.</param>
internal sealed record ModelPrompt(int[] Ids, string Shown, string Lead, int End)
{
    /// <summary>A text to be continued.</summary>
    /// <remarks>The end of a text is also the beginning of the next: it precedes an empty prompt.</remarks>
    public static ModelPrompt OfText(ITokenizer tokenizer, string text) =>
        new([tokenizer.EndOfText, .. tokenizer.Encode(text)], text, "", tokenizer.EndOfText);

    /// <summary>A message of the user to be answered: the ids that such a chat has in training.</summary>
    /// <param name="owner">Of the tokenizer, for a sentence.</param>
    /// <exception cref="UserErrorException">The tokenizer lacks tokens of the template.</exception>
    public static ModelPrompt OfChat(ITokenizer tokenizer, ChatTemplate template, string owner, string? system, string user)
    {
        var encoder = new ChatEncoder(template, tokenizer, owner);
        ChatMessage[] messages = [.. Messages()];
        var lead = string.Concat(template.Assistant.Lead.Select(static piece => piece.Text));
        return new ModelPrompt(encoder.EncodePrompt(messages).Ids.ToArray(), "", lead, encoder.EndOfTurn);

        IEnumerable<ChatMessage> Messages()
        {
            if (system is not null)
                yield return new ChatMessage(ChatRole.System, system);
            yield return new ChatMessage(ChatRole.User, user);
        }
    }

    /// <summary>More tokens than a prompt of such texts has: each stands for at least one byte.</summary>
    public static int Most(ChatTemplate? template, params ReadOnlySpan<string?> texts)
    {
        var most = 1 + Encoding.UTF8.GetByteCount(template?.ToJson() ?? "");
        foreach (var text in texts)
            most += Encoding.UTF8.GetByteCount(text ?? "");
        return most;
    }
}

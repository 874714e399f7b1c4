using System.Text.Json;

namespace ActorTrain.Data.Rewards;

/// <summary>The right answer in a prompt's reference.</summary>
internal static class Answer
{
    public const string Field = "answer";

    private static readonly JsonDocumentOptions Depth = new() { MaxDepth = 1024 };

    /// <summary>The text, or the digits of the number as written; null if there is neither.</summary>
    /// <param name="reference">A JSON object, or null.</param>
    public static string? Of(string? reference)
    {
        if (reference is null)
            return null;
        using var parsed = JsonDocument.Parse(reference, Depth);
        return !parsed.RootElement.TryGetProperty(Field, out var answer) ? null
            : answer.ValueKind is JsonValueKind.Number ? answer.GetRawText()
            : answer.ValueKind is JsonValueKind.String ? TextOf(answer)
            : null;
    }

    private static string? TextOf(JsonElement answer)
    {
        try
        {
            return answer.GetString();
        }
        catch (InvalidOperationException)
        {
            // An unpaired surrogate.
            return null;
        }
    }
}

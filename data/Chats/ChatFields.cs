using System.Text.Json;

namespace ActorTrain.Data.Chats;

/// <summary>The fields of one JSON object, each at most once; remembers which were used.</summary>
internal sealed class ChatFields
{
    private readonly Dictionary<string, JsonElement> fields = new(StringComparer.Ordinal);
    private readonly HashSet<string> used = new(StringComparer.Ordinal);
    private readonly string owner;

    /// <param name="owner">To follow "has" in a sentence, such as "a message with", ending in a space; empty for the record.</param>
    /// <exception cref="BadRecordException">It has a field twice.</exception>
    public ChatFields(JsonElement record, string owner = "")
    {
        this.owner = owner;
        foreach (var field in record.EnumerateObject())
        {
            if (!fields.TryAdd(field.Name, field.Value))
                throw new BadRecordException(
                    "with a field more than once", $"has {owner}the field \"{field.Name}\" more than once", "remove all but one of them");
        }
    }

    /// <summary>The fields that no one asked for, in their order in the record.</summary>
    public IEnumerable<KeyValuePair<string, JsonElement>> Others => fields.Where(one => !used.Contains(one.Key));

    /// <summary>Whether there is such a field; null counts as none, as tables have one for each column.</summary>
    public bool Has(string name) => Find(name) is not null;

    /// <summary>A field that is there and not null.</summary>
    public JsonElement? Find(string name)
    {
        if (!fields.TryGetValue(name, out var value))
            return null;
        used.Add(name);
        return value.ValueKind is JsonValueKind.Null ? null : value;
    }

    /// <exception cref="BadRecordException">There is none, or it is not text.</exception>
    public string TextOf(string name) => TextOf(
        Find(name) ?? throw new BadRecordException($"without \"{name}\"", $"has {owner}no \"{name}\"", $"add the field \"{name}\""),
        $"{owner}a \"{name}\"");

    /// <exception cref="BadRecordException">It is not text, or has an unpaired surrogate.</exception>
    public static string TextOf(JsonElement value, string what)
    {
        if (value.ValueKind is not JsonValueKind.String)
            throw new BadRecordException(
                "with a field of the wrong type", $"has {what} that is {KindOf(value)}, not a text", "make it a JSON string");
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException error)
        {
            throw new BadRecordException(
                "with an unpaired surrogate", $"has {what} with an unpaired surrogate, which is not a character", "fix the text", error);
        }
    }

    /// <exception cref="BadRecordException">It is not a finite number.</exception>
    public static double NumberOf(JsonElement value, string what) =>
        value.ValueKind is JsonValueKind.Number && value.TryGetDouble(out var number) && double.IsFinite(number)
            ? number
            : throw new BadRecordException(
                "with a field of the wrong type", $"has {what} that is {KindOf(value)}, not a finite number", "make it a number");

    /// <exception cref="BadRecordException">It is not a list.</exception>
    public static IReadOnlyList<JsonElement> ListOf(JsonElement value, string what) => value.ValueKind is JsonValueKind.Array
        ? [.. value.EnumerateArray()]
        : throw new BadRecordException(
            "with a field of the wrong type", $"has {what} that is {KindOf(value)}, not a list", "make it a list");

    public static string KindOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a text",
        JsonValueKind.Number => "a number",
        JsonValueKind.True or JsonValueKind.False => "true or false",
        _ => "null",
    };
}

using System.Text.Json;
using ActorTrain.Models;
using ActorTrain.Persistence.Safetensors;

namespace ActorTrain.Persistence.HuggingFace;

/// <summary>Values of a config, with transformers' defaults for absent or null keys.</summary>
internal sealed class ConfigReader(string path, JsonElement root)
{
    private readonly HashSet<string> read = new(StringComparer.Ordinal);

    /// <exception cref="UserErrorException">The file is not a JSON object, or has a duplicate key.</exception>
    public static ConfigReader Open(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(
                File.ReadAllBytes(path), new JsonDocumentOptions { AllowDuplicateProperties = false });
            return document.RootElement.ValueKind == JsonValueKind.Object ? new ConfigReader(path, document.RootElement.Clone())
                : throw new JsonException("it is not an object");
        }
        catch (JsonException exception)
        {
            throw new UserErrorException(
                $"{path} is not valid JSON ({exception.Message.TrimEnd('.')}); download the file again.", exception);
        }
    }

    public int Whole(string key, int missing) =>
        Find(key) is not { } value ? missing
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number
        : throw Wrong(key, value, $"a whole number of at most {int.MaxValue}");

    public double Number(string key, double missing) =>
        Find(key) is not { } value ? missing
        : value.ValueKind == JsonValueKind.Number && double.IsFinite(value.GetDouble()) ? value.GetDouble()
        : throw Wrong(key, value, "a number");

    public bool Flag(string key, bool missing) =>
        Find(key) is not { } value ? missing
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean()
        : throw Wrong(key, value, "true or false");

    public string Text(string key, string missing) =>
        Find(key) is not { } value ? missing
        : value.ValueKind == JsonValueKind.String ? value.GetString()!
        : throw Wrong(key, value, "text");

    /// <summary>A token id, or a list of one.</summary>
    public int? Token(string key, int vocabulary)
    {
        if (Find(key) is not { } value)
            return null;
        var one = value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 1 ? value[0] : value;
        return one.ValueKind == JsonValueKind.Number && one.TryGetInt32(out var id) && id >= 0 && id < vocabulary
            ? id
            : throw Wrong(key, value, $"one token id below vocab_size, {vocabulary}, or null");
    }

    /// <summary>The element type of the weights; null if absent.</summary>
    public SafetensorsDtype? Dtype(string key) => Find(key) is not { } value ? null
        : (value.ValueKind == JsonValueKind.String ? value.GetString() : null) switch
        {
            "float32" or "float" or "torch.float32" => SafetensorsDtype.F32,
            "bfloat16" or "torch.bfloat16" => SafetensorsDtype.BF16,
            "float16" or "half" or "torch.float16" => SafetensorsDtype.F16,
            _ => throw Unsupported(key, value, "float32, bfloat16 or float16"),
        };

    public void Require(string key, bool wanted)
    {
        if (Flag(key, wanted) != wanted)
            throw Unsupported(key, Find(key)!.Value, wanted ? "true" : "false");
    }

    public void Require(string key, params string[] supported)
    {
        if (Find(key) is { } value && !(value.ValueKind == JsonValueKind.String && supported.Contains(value.GetString())))
            throw Unsupported(key, value, string.Join(" or ", supported));
    }

    public void RequireArchitecture(params string[] supported)
    {
        const string Key = "architectures";
        if (Find(Key) is { } value
            && !(value.ValueKind == JsonValueKind.Array && value.EnumerateArray()
                .All(one => one.ValueKind == JsonValueKind.String && supported.Contains(one.GetString()))))
            throw Unsupported(Key, value, string.Join(" or ", supported));
    }

    public void RequireNumber(string key, double wanted)
    {
        if (Find(key) is { } value && Number(key, wanted) != wanted)
            throw Unsupported(key, value, $"{wanted}");
    }

    /// <summary>Rejects synonymous keys with different values.</summary>
    public void RequireEqual(string key, string other, double wanted)
    {
        if (Find(key) is { } value && Number(key, wanted) != wanted)
            throw new UserErrorException($"{path} has {key}: {Shown(value.GetRawText())} but {other}: "
                + $"{wanted}; they must be equal; download the file again.");
    }

    /// <summary>Rejects synonymous keys with different words.</summary>
    public void RequireEqual(string key, string other, string wanted)
    {
        if (Text(key, wanted) is var text && text != wanted)
            throw new UserErrorException($"{path} has {key}: {Shown(text)} but {other}: {Shown(wanted)}; they must be equal; "
                + $"download the file again.");
    }

    /// <summary>The error for synonymous objects with different values.</summary>
    public UserErrorException Contradiction(string key, string other) =>
        new($"{path} has {key} and {other} with different values; they must be equal; download the file again.");

    /// <summary>An object within the config; null if absent or empty.</summary>
    public ConfigReader? Inner(string key) =>
        Find(key) is not { } value ? null
        : value.ValueKind != JsonValueKind.Object ? throw Wrong(key, value, "an object")
        : value.EnumerateObject().Any() ? new ConfigReader($"{path} ({key})", value) : null;

    public bool Has(string key) => Find(key) is not null;

    /// <summary>Rejects a config without a key.</summary>
    /// <param name="because">What requires it.</param>
    public void RequireKey(string key, string because)
    {
        if (Find(key) is null)
            throw new UserErrorException($"{path} has no {key}, which {because} requires; download the file again.");
    }

    /// <summary>Keys that have a value and were not read, with their values.</summary>
    public IEnumerable<string> Unread(Func<string, bool> isWanted) => root.EnumerateObject()
        .Where(property => SaysSomething(property.Value) && !read.Contains(property.Name) && isWanted(property.Name))
        .Select(static property => $"{Shown(property.Name)}: {Shown(property.Value.GetRawText())}");

    /// <summary>Rejects keys that have a value, were not read, and are not known to be neutral.</summary>
    public void RefuseTheRest(params IEnumerable<HashSet<string>> neutral)
    {
        if (Unread(key => !neutral.Any(keys => keys.Contains(key))).FirstOrDefault() is { } unknown)
        {
            throw new UserErrorException(
                $"{path} has {unknown}, an unknown key that may change what the model computes; "
                + "remove it if it does not, otherwise the model cannot be imported.");
        }
    }

    private static bool SaysSomething(JsonElement value) =>
        value.ValueKind != JsonValueKind.Null && value.GetRawText() is not ("{}" or "[]");

    private JsonElement? Find(string key)
    {
        read.Add(key);
        return root.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    private UserErrorException Wrong(string key, JsonElement value, string wanted) =>
        new($"{path} has {key}: {Shown(value.GetRawText())}; it must be {wanted}.");

    private UserErrorException Unsupported(string key, JsonElement value, string supported) =>
        new($"{path} has {key}: {Shown(value.GetRawText())}, which is not supported (only {supported}); the model cannot be imported.");

    private static string Shown(string value)
    {
        var text = value.ReplaceLineEndings(" ");
        return text.Length > 60 ? text[..60] + "…" : text;
    }
}

using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Models;

namespace ActorTrain.Data.Chats;

/// <summary>How the messages of a chat become one sequence of tokens, declared as data: nothing of it is executed.</summary>
/// <remarks>The sequence is <see cref="Begin"/>, followed by each message between the pieces of its role. Built in are <c>chatml</c>,
/// <c>llama2</c>, <c>llama3</c>, <c>gemma</c>, <c>mistral</c> and <c>plain</c>, in the format of files of one's own.</remarks>
public sealed record ChatTemplate
{
    /// <summary>The template of a model, beside its tokenizer.</summary>
    public const string FileName = "chat-template.json";

    private const string Fix = "fix the file, or name a built-in template with --template";
    private const string Resource = "ActorTrain.Data.Chats.";

    /// <summary>Of the built-in template or of the file, without its extension; no part of <see cref="Identity"/>.</summary>
    public string Name { get; init; } = "";

    /// <summary>Whether users and assistant must take turns, the user first, with a system message only ahead of them.</summary>
    public bool Alternate { get; init; }

    /// <summary>Whether white space around each content is removed.</summary>
    public bool Trim { get; init; }

    /// <summary>The beginning of a chat.</summary>
    public EquatableArray<TemplatePiece> Begin { get; init; }

    /// <summary>Null if the template has no system messages.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SystemTurn? System { get; init; }

    public required UserTurn User { get; init; }

    public required AssistantTurn Assistant { get; init; }

    public static IReadOnlyList<string> BuiltIn { get; } = ["chatml", "llama2", "llama3", "gemma", "mistral", "plain"];

    /// <summary>SHA-256 of everything but its name.</summary>
    [JsonIgnore]
    public string Identity => Convert.ToHexStringLower(SHA256.HashData(
        JsonSerializer.SerializeToUtf8Bytes(this with { Name = "" }, TemplateJson.Default.ChatTemplate)));

    /// <summary>The special tokens that a tokenizer must have reserved for it, in order of first use.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> SpecialTokens =>
        [.. Pieces.Select(static piece => piece.Special).OfType<string>().Distinct()
            .Where(static name => name != SentencePieceTokenizer.EndOfTextPiece)];

    private IEnumerable<TemplatePiece> Pieces =>
        [.. Begin, .. System?.Before ?? [], .. System?.After ?? [], .. User.Before, .. User.After,
            .. Assistant.Before, .. Assistant.Lead, .. Assistant.End, .. Assistant.After];

    /// <summary>A built-in template by its name, or that of a file.</summary>
    /// <exception cref="UserErrorException">There is no such one, or the file is not a template.</exception>
    public static ChatTemplate Find(string nameOrFile)
    {
        if (BuiltIn.Contains(nameOrFile))
        {
            using var resource = typeof(ChatTemplate).Assembly.GetManifestResourceStream($"{Resource}{nameOrFile}.json")!;
            using var memory = new MemoryStream();
            resource.CopyTo(memory);
            return Parse(memory.ToArray(), nameOrFile, nameOrFile, Fix);
        }

        try
        {
            return Parse(File.ReadAllBytes(nameOrFile), Path.GetFileNameWithoutExtension(nameOrFile), nameOrFile, Fix);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new UserErrorException(
                $"There is no chat template '{nameOrFile}': name {string.Join(", ", BuiltIn)} or a file with --template.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException(
                $"The chat template {nameOrFile} cannot be read: {error.Message.TrimEnd('.')}; {Fix}.", error);
        }
    }

    /// <summary>The template in the tokenizer folder of a run, or in an exported model; null if there is none.</summary>
    /// <exception cref="UserErrorException">The file is not a template.</exception>
    public static ChatTemplate? InFolder(string folder)
    {
        var file = Path.Combine(folder, FileName);
        try
        {
            return !File.Exists(file) ? null
                : Parse(File.ReadAllBytes(file), Path.GetFileNameWithoutExtension(file), file, "restore the file");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException(
                $"The chat template {file} cannot be read: {error.Message.TrimEnd('.')}.", error);
        }
    }

    /// <summary>Writes it into such a folder.</summary>
    public void Save(string folder) => File.WriteAllText(Path.Combine(folder, FileName), (this with { Name = "" }).ToJson());

    /// <summary>The template as the text of a file.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, TemplateJson.Default.ChatTemplate) + "\n";

    /// <summary>Whether two templates make the same sequences.</summary>
    public bool IsSameAs(ChatTemplate other) => this with { Name = "" } == other with { Name = "" };

    private static ChatTemplate Parse(ReadOnlySpan<byte> json, string name, string file, string fix)
    {
        ReadOnlySpan<byte> mark = [0xEF, 0xBB, 0xBF];
        if (json.StartsWith(mark))
            json = json[mark.Length..];
        try
        {
            var template = JsonSerializer.Deserialize(json, TemplateJson.Default.ChatTemplate) ?? throw new JsonException("it is null");
            return template.Problem() is { } problem
                ? throw new UserErrorException($"The chat template {file} {problem}; {fix}.")
                : template with { Name = name };
        }
        catch (JsonException error)
        {
            throw new UserErrorException(
                $"{file}{(error.LineNumber is { } line ? $", line {line + 1}," : "")} is not a chat template "
                + $"({error.Message.Split(" Path: ")[0].TrimEnd('.')}): {fix}.", error);
        }
    }

    /// <summary>What is wrong with it, to follow its name; null if nothing is.</summary>
    private string? Problem()
    {
        if (Pieces.Any(static piece => piece.Special is null == piece.Text is null))
            return "has a piece that is not either a \"text\" or a \"special\"";
        if (Pieces.Any(static piece => piece is { Text: "" } or { Special: "" }))
            return "has an empty piece";
        if (Assistant.End.Count == 0 || Assistant.End[^1].Special is null)
            return "has no special token at the end of \"assistant.end\", so an answer would have no end that a text cannot contain";
        try
        {
            SpecialTokenizer.RequireNames(SpecialTokens);
            return null;
        }
        catch (UserErrorException error)
        {
            return $"has a special token with an invalid name ({error.Message.TrimEnd('.')})";
        }
    }
}

/// <summary>Either text, encoded by the tokenizer, or one special token. The end of text is the special token
/// <c>&lt;|endoftext|&gt;</c>.</summary>
public sealed record TemplatePiece
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Text { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Special { get; init; }
}

/// <summary>What surrounds a system message.</summary>
public sealed record SystemTurn
{
    /// <summary>Whether it is placed within the first message of the user, ahead of its content, instead of being a turn of its
    /// own.</summary>
    public bool InUser { get; init; }

    public EquatableArray<TemplatePiece> Before { get; init; }

    public EquatableArray<TemplatePiece> After { get; init; }
}

/// <summary>What surrounds a message of a user.</summary>
public sealed record UserTurn
{
    public EquatableArray<TemplatePiece> Before { get; init; }

    public EquatableArray<TemplatePiece> After { get; init; }
}

/// <summary>What surrounds a message of the assistant.</summary>
public sealed record AssistantTurn
{
    /// <summary>Also the end of a prompt for generation.</summary>
    public EquatableArray<TemplatePiece> Before { get; init; }

    /// <summary>What the assistant says ahead of each content: targets.</summary>
    public EquatableArray<TemplatePiece> Lead { get; init; }

    /// <summary>What the assistant says after each content, at least a special token that ends its turn: targets.</summary>
    public required EquatableArray<TemplatePiece> End { get; init; }

    /// <summary>What follows before the next turn: not targets.</summary>
    public EquatableArray<TemplatePiece> After { get; init; }
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, AllowDuplicateProperties = false,
    RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(ChatTemplate))]
[JsonSerializable(typeof(TemplatePiece))]
internal sealed partial class TemplateJson : JsonSerializerContext;

using System.Text.Json;
using System.Text.Json.Serialization;
using ActorTrain.Models;

namespace ActorTrain.Data.Tokenizers;

/// <summary>Reads the tokenizer that <see cref="ITokenizer.Save"/> wrote into a folder.</summary>
public static class TokenizerFolder
{
    /// <summary>Identifies the tokenizer of a folder.</summary>
    public const string DescriptionFile = "actortrain-tokenizer.json";

    /// <summary>The SentencePiece model, if the tokenizer has one, under Hugging Face's name.</summary>
    public const string ModelFile = "tokenizer.model";

    private const string Fix = "restore the file, or rerun `actortrain prepare --force`";

    /// <exception cref="UserErrorException">There is none, or its files do not match.</exception>
    public static ITokenizer Load(string folder)
    {
        var file = Path.Combine(folder, DescriptionFile);
        var description = Described(file);
        var tokenizer = WithSpecial(Open(description, folder, file), description, file);
        if (DescriptionOf(tokenizer) == description)
            return tokenizer;
        tokenizer.Dispose();
        throw new UserErrorException($"{file} does not match the tokenizer beside it: {Fix}.");
    }

    internal static void Describe(ITokenizer tokenizer, string folder)
    {
        var description = JsonSerializer.Serialize(DescriptionOf(tokenizer), TokenizerJson.Default.TokenizerDescription);
        File.WriteAllText(Path.Combine(folder, DescriptionFile), description + "\n");
    }

    private static TokenizerDescription DescriptionOf(ITokenizer tokenizer) =>
        new(tokenizer.Kind, tokenizer.VocabularySize, tokenizer.EndOfText, tokenizer.Identity)
        {
            Special = tokenizer is SpecialTokenizer reserved ? reserved.Names : null,
        };

    private static TokenizerDescription Described(string file)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllText(file), TokenizerJson.Default.TokenizerDescription)
                ?? throw new JsonException("it is null");
        }
        catch (JsonException error)
        {
            throw new UserErrorException($"{file} is not a tokenizer description: {Fix}.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException(
                $"Cannot read the tokenizer description {file} ({error.Message.TrimEnd('.')}): {Fix}.", error);
        }
    }

    private static ITokenizer WithSpecial(ITokenizer tokenizer, TokenizerDescription description, string file)
    {
        if (description.Special is not { Count: > 0 } names)
            return tokenizer;
        try
        {
            return new SpecialTokenizer(tokenizer, names);
        }
        catch (UserErrorException error)
        {
            tokenizer.Dispose();
            throw new UserErrorException($"{file} has special tokens that are not valid: {Fix}.", error);
        }
    }

    private static ITokenizer Open(TokenizerDescription description, string folder, string file)
    {
        if (description.Kind is TokenizerKind.Bytes)
            return new ByteTokenizer();
        if (description.Kind is not (TokenizerKind.Bpe or TokenizerKind.Unigram))
            throw new UserErrorException($"{file} names an unknown tokenizer kind: {Fix}.");
        var model = Path.Combine(folder, ModelFile);
        try
        {
            return new SentencePieceTokenizer(description.Kind, File.ReadAllBytes(model));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new UserErrorException($"Cannot read the tokenizer model {model} ({error.Message.TrimEnd('.')}): {Fix}.", error);
        }
    }
}

internal sealed record TokenizerDescription(TokenizerKind Kind, int VocabularySize, int EndOfText, string Identity)
{
    /// <summary>The reserved tokens; null, and not in the file, if there are none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public EquatableArray<string>? Special { get; init; }
}

[JsonSourceGenerationOptions(WriteIndented = true, UseStringEnumConverter = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(TokenizerDescription))]
[JsonSerializable(typeof(EquatableArray<string>))]
[JsonSerializable(typeof(string))]
internal sealed partial class TokenizerJson : JsonSerializerContext;

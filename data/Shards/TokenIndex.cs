using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using ActorTrain.Data.Chats;
using ActorTrain.Models;

namespace ActorTrain.Data.Shards;

/// <summary>The <c>index.json</c> of a prepared folder: its files, their contents, and their checksums.</summary>
/// <param name="VocabularySize">Ids are 0 … size−1.</param>
/// <param name="TokenBytes">Bytes of a token in the shards, little-endian: 2 (unsigned) up to 65,536 ids, else 4.</param>
/// <param name="ShardTokens">Tokens of every shard of a part but the last.</param>
/// <param name="Sha256">Checksum of this index, taken with this field empty; identifies the prepared data as a whole.</param>
/// <param name="Chats">Null, and not in the file, for text.</param>
internal sealed record TokenIndex(
    int Format,
    string Tokenizer,
    int VocabularySize,
    int EndOfText,
    int TokenBytes,
    long ShardTokens,
    PartIndex Train,
    [property: JsonPropertyName("held_out")] PartIndex? Validation,
    string Sha256,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ChatIndex? Chats = null)
{
    public const string FileName = "index.json";

    /// <summary>Of text, and of the other kinds.</summary>
    public const int TextFormat = 1, ChatFormat = 2;
    public const string Fix = "rerun `actortrain prepare --force`";

    public IEnumerable<PartIndex> Parts => Validation is null ? [Train] : [Train, Validation];

    public static int WidthFor(int vocabularySize) => vocabularySize <= ushort.MaxValue + 1 ? sizeof(ushort) : sizeof(int);

    public TokenIndex Sealed()
    {
        var open = this with { Sha256 = "" };
        return this with { Sha256 = Convert.ToHexStringLower(SHA256.HashData(open.Serialized())) };
    }

    public void Write(string folder) =>
        File.WriteAllBytes(Path.Combine(folder, FileName), Serialized());

    public static TokenIndex Read(string folder)
    {
        var file = Path.Combine(folder, FileName);
        if (!Directory.Exists(folder))
        {
            throw new UserErrorException(File.Exists(folder)
                ? $"{folder} is a file, not a folder of prepared data: run "
                    + $"`actortrain prepare --input {folder} --output DIR`, and name DIR."
                : $"The data folder {folder} does not exist: create it with `actortrain prepare --input TEXT --output {folder}`.");
        }

        if (!File.Exists(file))
            throw new UserErrorException(
                $"{folder} is not prepared data (it has no {FileName}): name another, "
                    + $"or create one with `actortrain prepare --input TEXT --output DIR`.");
        byte[] bytes;
        TokenIndex index;
        try
        {
            bytes = File.ReadAllBytes(file);
            index = JsonSerializer.Deserialize(bytes, TokenIndexJson.Default.TokenIndex) ?? throw new JsonException("it is null");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new UserErrorException($"{file} cannot be read ({error.Message.TrimEnd('.')}): {Fix}.", error);
        }

        if (index.Format is not (TextFormat or ChatFormat))
            throw new UserErrorException(
                $"{file} has format {index.Format}, but this version reads formats {TextFormat} and {ChatFormat}: {Fix}.");
        var isChats = index.Format == ChatFormat;
        var isWhole = index.Chats is not null == isChats && index.Parts.All(part => part.Sequences is not null == isChats);
        if (!isWhole || !bytes.AsSpan().SequenceEqual(index.Sealed().Serialized()))
            throw new UserErrorException($"{file} is corrupt (checksum mismatch): {Fix}.");
        return index;
    }

    private byte[] Serialized() => JsonSerializer.SerializeToUtf8Bytes(this, TokenIndexJson.Default.TokenIndex);
}

/// <param name="Documents">A divided document is in both parts.</param>
/// <param name="Tokens">Including an end of text after each document.</param>
/// <param name="Bytes">Of its text in UTF-8.</param>
/// <param name="UnigramEntropy">Entropy of its token frequencies, in nats per token.</param>
/// <param name="DocumentEnds">Where each document ends: 64-bit token offsets, little-endian.</param>
/// <param name="Sequences">Null, and not in the file, for text.</param>
internal sealed record PartIndex(
    long Documents, long Tokens, long Bytes, double UnigramEntropy, IReadOnlyList<TokenFile> Shards, TokenFile DocumentEnds,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] SequenceIndex? Sequences = null);

/// <summary>What chats, pairs, rankings and prompts have beside their tokens.</summary>
/// <param name="Targets">A bit per token, the lowest of each byte first: whether it is a target.</param>
/// <param name="GroupEnds">Of rankings: where each group ends, in sequences, 64-bit.</param>
/// <param name="Margins">Of pairs: 64-bit floating point.</param>
/// <param name="References">Of prompts: the references as UTF-8, one after the other; null if there are none.</param>
/// <param name="ReferenceEnds">Of prompts: where each reference ends, in bytes, 64-bit.</param>
internal sealed record SequenceIndex(
    long Groups, long TargetCount, int Longest, TokenFile Targets, TokenFile? GroupEnds, TokenFile? Margins, TokenFile? References,
    TokenFile? ReferenceEnds);

/// <param name="TemplateIdentity">SHA-256 of the template without its name.</param>
internal sealed record ChatIndex(DataKind Kind, string TemplateIdentity, ChatTemplate Template);

internal sealed record TokenFile(string Name, long Count, string Sha256);

[JsonSourceGenerationOptions(WriteIndented = true, UseStringEnumConverter = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(TokenIndex))]
[JsonSerializable(typeof(TemplatePiece))]
internal sealed partial class TokenIndexJson : JsonSerializerContext;

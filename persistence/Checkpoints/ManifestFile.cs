using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using ActorTrain.Models;
using ActorTrain.Models.Numerics;
using ActorTrain.Models.Plan;

namespace ActorTrain.Persistence.Checkpoints;

/// <summary>The manifest as bytes: JSON whose last property is the SHA-256 of all preceding bytes, so that any flipped bit is
/// detected.</summary>
internal static class ManifestFile
{
    public const string Name = "manifest.json";

    /// <summary>Version 2 hashes weights and moments with XXH3. Manifests of version 1 are readable; their checkpoints are only never
    /// recognized as one that is about to be saved.</summary>
    public const int FormatVersion = 2;

    /// <summary>Longest manifest that is read, in bytes; a skip list of a hundred thousand ranges fits.</summary>
    public const long MaximumLength = 64 << 20;

    private const string HashOpening = ",\n  \"manifestSha256\": \"";
    private const string Closing = "\"\n}\n";
    private const int HashLength = 64;

    public static byte[] Write(CheckpointManifest manifest)
    {
        var document = new ManifestDocument(
            FormatVersion,
            manifest.Facts.Step,
            manifest.CreatedAt,
            manifest.Facts.ConfigurationHash,
            manifest.WeightsHash,
            manifest.Facts.Cursor,
            manifest.Facts.SkipList.Ranges,
            manifest.Facts.Fingerprint,
            manifest.Facts.Model,
            manifest.Facts.State.OrderBy(static pair => pair.Key, StringComparer.Ordinal).ToDictionary(),
            manifest.Files)
        {
            PolicyHash = manifest.Facts.Model.Critic ? manifest.PolicyHash : null,
            Term = manifest.Facts.Term,
        };
        var json = JsonSerializer.Serialize(document, ManifestJson.Default.ManifestDocument);
        var body = json[..json.LastIndexOf("\n}", StringComparison.Ordinal)];
        return Encoding.UTF8.GetBytes(body + HashOpening + HashOf(Encoding.UTF8.GetBytes(body)) + Closing);
    }

    /// <exception cref="InvalidDataException">The bytes are torn or altered; the message says how, as the end of a sentence.</exception>
    /// <exception cref="UserErrorException">They are intact, but written by a newer version.</exception>
    public static CheckpointManifest Read(string path, ReadOnlySpan<byte> bytes)
    {
        var tail = Encoding.UTF8.GetByteCount(HashOpening) + HashLength + Closing.Length;
        if (bytes.Length <= tail)
            throw new InvalidDataException($"{path} is truncated");
        var body = bytes[..^tail];
        if (!bytes[^tail..].SequenceEqual(Encoding.UTF8.GetBytes(HashOpening + HashOf(body) + Closing)))
            throw new InvalidDataException($"{path} is corrupt or truncated (hash mismatch)");

        ManifestDocument document;
        try
        {
            document = JsonSerializer.Deserialize(Encoding.UTF8.GetString(body) + "\n}", ManifestJson.Default.ManifestDocument)
                ?? throw new InvalidDataException($"{path} is empty");
        }
        catch (JsonException) when (VersionOf(body) is { } version && version > FormatVersion)
        {
            throw Newer(path, version);
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"{path} is not a manifest ({exception.Message})", exception);
        }

        if (document.FormatVersion > FormatVersion)
            throw Newer(path, document.FormatVersion);
        return new CheckpointManifest
        {
            CreatedAt = document.CreatedAt,
            WeightsHash = document.WeightsHash,
            PolicyHash = document.PolicyHash ?? document.WeightsHash,
            Files = document.Files,
            Facts = new CheckpointFacts
            {
                Step = document.Step,
                ConfigurationHash = document.ConfigurationHash,
                Term = document.Term,
                Model = document.Model,
                Cursor = document.Cursor,
                SkipList = SkipList.Of(document.SkipList),
                Fingerprint = document.Fingerprint,
                State = document.State,
            },
        };
    }

    private static string HashOf(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private static int? VersionOf(ReadOnlySpan<byte> body)
    {
        using var document = JsonDocument.Parse(Encoding.UTF8.GetString(body) + "\n}");
        return document.RootElement.TryGetProperty("formatVersion", out var version) && version.TryGetInt32(out var number) ? number : null;
    }

    private static UserErrorException Newer(string path, int version) =>
        new($"{path} has format version {version}, but this version of actortrain reads up to {FormatVersion}; "
            + $"use the newer version that wrote it.");
}

internal sealed record ManifestDocument(
    int FormatVersion,
    long Step,
    DateTimeOffset CreatedAt,
    string ConfigurationHash,
    string WeightsHash,
    PlanCursor Cursor,
    IReadOnlyList<SkippedRange> SkipList,
    NumericFingerprint Fingerprint,
    ModelOptions Model,
    IReadOnlyDictionary<string, string> State,
    IReadOnlyList<CheckpointFile> Files)
{
    /// <summary>Null without a critic: then it is that of all weights.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? PolicyHash { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Term { get; init; }
}

[JsonSourceGenerationOptions(
    WriteIndented = true,
    NewLine = "\n",
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    IgnoreReadOnlyProperties = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ManifestDocument))]
internal sealed partial class ManifestJson : JsonSerializerContext;

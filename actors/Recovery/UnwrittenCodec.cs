using System.Text.Json;
using System.Text.Json.Serialization;
using ActorTrain.Models;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Recovery;

/// <summary><see cref="UnwrittenRecords"/> as JSON, for the file that a process leaves to the next one.</summary>
public static class UnwrittenCodec
{
    public static byte[] Write(UnwrittenRecords records)
    {
        ArgumentNullException.ThrowIfNull(records);
        var document = new UnwrittenDocument(
            records.Recorded,
            [.. records.Decisions.Select(static decision => new UnwrittenDecision(RunEventCodec.ManifestOf(decision),
                JsonDocument.Parse(RunEventCodec.Write(decision)).RootElement))],
            records.MetricsStep,
            records.Measurements);
        return JsonSerializer.SerializeToUtf8Bytes(document, UnwrittenJson.Default.UnwrittenDocument);
    }

    /// <param name="path">Only for the error message.</param>
    /// <exception cref="UserErrorException">The content is not such a file.</exception>
    public static UnwrittenRecords Read(string path, ReadOnlySpan<byte> content)
    {
        try
        {
            var document = JsonSerializer.Deserialize(content, UnwrittenJson.Default.UnwrittenDocument) ?? throw new JsonException();
            return new UnwrittenRecords(
                document.Recorded,
                [.. document.Decisions.Select(decision => RunEventCodec.Read(decision.Manifest,
                    JsonSerializer.SerializeToUtf8Bytes(decision.Event, UnwrittenJson.Default.JsonElement), $"A decision in {path}"))],
                document.MetricsStep,
                document.Measurements);
        }
        catch (JsonException exception)
        {
            throw new UserErrorException($"{path} is damaged; it holds decisions and metrics that the last process could not write. "
                + $"Delete it to resume without them.", exception);
        }
    }
}

internal sealed record UnwrittenDecision(string Manifest, JsonElement Event);

internal sealed record UnwrittenDocument(long Recorded, IReadOnlyList<UnwrittenDecision> Decisions, long MetricsStep,
    IReadOnlyList<MetricsItem> Measurements);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(UnwrittenDocument))]
[JsonSerializable(typeof(double))]
[JsonSerializable(typeof(JsonElement))]
internal sealed partial class UnwrittenJson : JsonSerializerContext;

using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using ActorTrain.Models;
using ActorTrain.Models.Plan;

namespace ActorTrain.Persistence.Recovery;

/// <summary>A <see cref="RunOverrides"/> as JSON, for the manifest of a checkpoint. Numbers keep their bits.</summary>
public static class OverridesCodec
{
    public const string Key = "course";

    public static string Write(RunOverrides overrides)
    {
        return JsonSerializer.Serialize(
            new StoredOverrides(overrides.Skips.Ranges, overrides.Interventions, overrides.Vetoes,
                overrides.Spikes.Rules.ToDictionary(static rule => rule.Key, static rule => rule.Value.ToArray()),
                overrides.KlCoefficient),
            OverridesJson.Default.StoredOverrides);
    }

    /// <exception cref="UserErrorException">It is malformed.</exception>
    public static RunOverrides Read(string place, string text)
    {
        try
        {
            var document = JsonSerializer.Deserialize(text, OverridesJson.Default.StoredOverrides) ?? throw new JsonException();
            return new RunOverrides
            {
                Skips = SkipList.Of(document.Skips),
                Interventions = [.. document.Interventions],
                Vetoes = [.. document.Vetoes],
                Spikes = new SpikeMemory
                {
                    Rules = document.Spikes.ToImmutableSortedDictionary(static rule => rule.Key,
                        static rule => rule.Value.ToImmutableArray(), StringComparer.Ordinal),
                },
                KlCoefficient = document.KlCoefficient,
            };
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException)
        {
            throw new UserErrorException($"{place} has an unreadable run state; "
                + $"delete that checkpoint to resume from the one before it.", exception);
        }
    }
}

internal sealed record StoredOverrides(
    IReadOnlyList<SkippedRange> Skips,
    [property: JsonPropertyName("corrections")] IReadOnlyList<Intervention> Interventions,
    IReadOnlyList<long> Vetoes,
    IReadOnlyDictionary<string, double[]> Spikes,
    double? KlCoefficient = null);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    IgnoreReadOnlyProperties = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectRequiredConstructorParameters = true,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(StoredOverrides))]
internal sealed partial class OverridesJson : JsonSerializerContext;

using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using ActorTrain.Models;
using ActorTrain.Models.Plan;

namespace ActorTrain.Persistence.Recovery;

/// <summary>A <see cref="Course"/> as JSON, for the manifest of a checkpoint. Numbers come back with the same bits.</summary>
public static class CourseCodec
{
    /// <summary>Under which name the manifest keeps it.</summary>
    public const string Key = "course";

    /// <summary>The course as text.</summary>
    public static string Write(Course course)
    {
        ArgumentNullException.ThrowIfNull(course);
        return JsonSerializer.Serialize(
            new CourseDocument(course.Skips.Ranges, course.Interventions, course.Vetoes, course.Spikes.Rules.ToDictionary(static rule => rule.Key, static rule => rule.Value.ToArray())),
            CourseJson.Default.CourseDocument);
    }

    /// <summary>The course that a text describes.</summary>
    /// <param name="place">Where the text stands, for the sentence.</param>
    /// <param name="text">The text.</param>
    /// <exception cref="UserErrorException">It is no course.</exception>
    public static Course Read(string place, string text)
    {
        try
        {
            var document = JsonSerializer.Deserialize(text, CourseJson.Default.CourseDocument) ?? throw new JsonException();
            return new Course
            {
                Skips = SkipList.Of(document.Skips),
                Interventions = [.. document.Interventions],
                Vetoes = [.. document.Vetoes],
                Spikes = new SpikeMemory
                {
                    Rules = document.Spikes.ToImmutableSortedDictionary(static rule => rule.Key, static rule => rule.Value.ToImmutableArray(), StringComparer.Ordinal),
                },
            };
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException)
        {
            throw new UserErrorException($"{place} has an unreadable run state; "
                + $"delete that checkpoint to resume from the one before it.", exception);
        }
    }
}

internal sealed record CourseDocument(
    IReadOnlyList<SkippedRange> Skips,
    [property: JsonPropertyName("corrections")] IReadOnlyList<Intervention> Interventions,
    IReadOnlyList<long> Vetoes,
    IReadOnlyDictionary<string, double[]> Spikes);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    IgnoreReadOnlyProperties = true,
    RespectRequiredConstructorParameters = true,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(CourseDocument))]
internal sealed partial class CourseJson : JsonSerializerContext;

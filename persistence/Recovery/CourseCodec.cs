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

    public static string Write(Course course)
    {
        return JsonSerializer.Serialize(
            new CourseDocument(course.Skips.Ranges, course.Corrections, course.Vetoes, course.Spikes.Rules.ToDictionary(static rule => rule.Key, static rule => rule.Value.ToArray())),
            CourseJson.Default.CourseDocument);
    }

    /// <summary>The course that a text describes.</summary>
    /// <exception cref="UserErrorException">It is no course.</exception>
    public static Course Read(string place, string text)
    {
        try
        {
            var document = JsonSerializer.Deserialize(text, CourseJson.Default.CourseDocument) ?? throw new JsonException();
            return new Course
            {
                Skips = SkipList.Of(document.Skips),
                Corrections = [.. document.Corrections],
                Vetoes = [.. document.Vetoes],
                Spikes = new SpikeMemory
                {
                    Rules = document.Spikes.ToImmutableSortedDictionary(static rule => rule.Key, static rule => rule.Value.ToImmutableArray(), StringComparer.Ordinal),
                },
            };
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException)
        {
            throw new UserErrorException($"{place} does not say how its run is to go on; remove that checkpoint to go on from the one before.", exception);
        }
    }
}

internal sealed record CourseDocument(
    IReadOnlyList<SkippedRange> Skips, IReadOnlyList<Correction> Corrections, IReadOnlyList<long> Vetoes, IReadOnlyDictionary<string, double[]> Spikes);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    IgnoreReadOnlyProperties = true,
    RespectRequiredConstructorParameters = true,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(CourseDocument))]
internal sealed partial class CourseJson : JsonSerializerContext;

using System.Text.Json.Serialization;
using ActorTrain.Models;

namespace ActorTrain.Persistence.Goodput;

/// <summary>What a run does with a second of its time.</summary>
public enum GoodputActivity
{
    /// <summary>It takes a step for the first time.</summary>
    NewSteps,

    /// <summary>It takes a step again that had been taken before.</summary>
    RedoneSteps,

    /// <summary>Its trainers wait for the samples of a step.</summary>
    WaitingForData,

    /// <summary>The next update waits for an evaluation.</summary>
    Evaluating,

    /// <summary>The next update waits for a copy of the state, or the end of the run for the disk.</summary>
    Saving,

    /// <summary>From a fault until the next update.</summary>
    Recovering,

    /// <summary>An operator wants no further step.</summary>
    Paused,

    /// <summary>From the beginning of a process to the first lanes.</summary>
    Starting,

    /// <summary>What is left is written down.</summary>
    Ending,

    Down,
}

/// <summary>Time that went into one thing.</summary>
/// <param name="Cause">Why, for what has causes: the fault of a recovery, what was saved, how a process ended.</param>
public sealed record GoodputShare(GoodputActivity Activity, string? Cause, TimeSpan Time, int Begun = 0);

/// <summary>One line of a run's <c>goodput.jsonl</c>: where the time since the line before it went.</summary>
/// <param name="From">Where the line before it ends.</param>
/// <param name="To">The process lived at least until then.</param>
/// <param name="Process">When its process began, which tells it from others.</param>
/// <param name="Reached">The most updates the run has ever had.</param>
/// <param name="Shares">What the time went into; together they make <paramref name="To"/> − <paramref name="From"/> exactly.</param>
public sealed record GoodputRow(
    DateTimeOffset From, DateTimeOffset To, DateTimeOffset Process, long Reached, long NewSteps, long RedoneSteps,
        EquatableArray<GoodputShare> Shares);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(GoodputRow))]
[JsonSerializable(typeof(GoodputShare))]
internal sealed partial class GoodputJson : JsonSerializerContext;

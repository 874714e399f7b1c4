using System.Text.Json.Serialization;
using ActorTrain.Models;

namespace ActorTrain.Persistence.Goodput;

public enum GoodputActivity
{
    /// <summary>A step is taken for the first time.</summary>
    NewSteps,

    /// <summary>A step is taken that had been taken before.</summary>
    RedoneSteps,

    WaitingForData,

    /// <summary>The rollouts of the next step are sampled and scored.</summary>
    Generating,

    Evaluating,

    /// <summary>The next update waits for a copy of the state, or the end of the run for the disk.</summary>
    Saving,

    /// <summary>From a fault until the next update.</summary>
    Recovering,

    Paused,

    /// <summary>From the beginning of a process to the first lanes.</summary>
    Starting,

    /// <summary>The last state, decisions and metrics are being written.</summary>
    Ending,

    Down,
}

/// <summary>Time spent on one activity.</summary>
/// <param name="Cause">If it has one: the fault of a recovery, what was saved, how a process ended.</param>
public sealed record GoodputShare(GoodputActivity Activity, string? Cause, TimeSpan Time, int Begun = 0);

/// <summary>One line of a run's <c>goodput.jsonl</c>: where the time since the previous line went.</summary>
/// <param name="From">The end of the previous line.</param>
/// <param name="To">The process lived at least until then.</param>
/// <param name="Process">When its process began, which identifies it.</param>
/// <param name="Reached">The most updates the run has ever had.</param>
/// <param name="Shares">They add up to exactly <paramref name="To"/> − <paramref name="From"/>.</param>
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

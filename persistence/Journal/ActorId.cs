using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ActorTrain.Persistence.Journal;

/// <summary>What an actor of a run does, or which part of the run it stands for.</summary>
public enum ActorRole
{
    Checkpointer,

    /// <summary>Writes down what the time goes into.</summary>
    Goodput,

    Journal,

    Metrics,

    /// <summary>Sums one shard of the gradient.</summary>
    Reducer,

    /// <summary>The memory for snapshots, which is no actor, but may be found corrupt as one may.</summary>
    Snapshots,

    /// <summary>Judges steps.</summary>
    Spikes,

    Trainer,

    Trainers,
}

/// <summary>Who something happened to. In text it is the name that people read, such as <c>trainer-0-2</c> or
/// <c>checkpointer</c>.</summary>
/// <param name="Number">Which one of its role, from 0; 0 where there is one only.</param>
/// <param name="Life">Which life of it, from 1: one that was restarted is another.</param>
[JsonConverter(typeof(ActorIdConverter))]
public readonly record struct ActorId(ActorRole Role, int Number = 0, int Life = 1)
{
    /// <summary>By role, number and life.</summary>
    public static IComparer<ActorId> Order { get; } =
        Comparer<ActorId>.Create(static (a, b) => (a.Role, a.Number, a.Life).CompareTo((b.Role, b.Number, b.Life)));

    public static ActorId Trainer(int number, int life = 1) => new(ActorRole.Trainer, number, life);

    public static ActorId Reducer(int number) => new(ActorRole.Reducer, number);

    /// <summary>Whether there may be several of a role, which are told apart by their numbers.</summary>
    public static bool AreNumbered(ActorRole role) => role is ActorRole.Trainer or ActorRole.Reducer;

    /// <summary>The actor that a text names.</summary>
    public static bool TryParse(string? text, out ActorId actor)
    {
        actor = default;
        var parts = (text ?? "").Split('-');
        if (!Enum.TryParse<ActorRole>(parts[0], ignoreCase: true, out var role) || parts[0] != NameOf(role) || parts.Length > 3
            || AreNumbered(role) == (parts.Length == 1))
            return false;
        Span<int> numbers = [0, 1];
        for (var i = 1; i < parts.Length; i++)
        {
            if (!int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i - 1]))
                return false;
        }

        actor = new ActorId(role, numbers[0], numbers[1]);
        return numbers[1] > 0;
    }

    public override string ToString() => NameOf(Role) + (AreNumbered(Role) ? $"-{Number}" : "") + (Life == 1 ? "" : $"-{Life}");

    private static string NameOf(ActorRole role) => role.ToString().ToLowerInvariant();
}

/// <summary>An <see cref="ActorId"/> as its text.</summary>
public sealed class ActorIdConverter : JsonConverter<ActorId>
{
    public override ActorId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && ActorId.TryParse(reader.GetString(), out var actor) ? actor : throw new JsonException(
            "it is not the name of an actor of a run");

    public override void Write(Utf8JsonWriter writer, ActorId value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}

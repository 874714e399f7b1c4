using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ActorTrain.Persistence.Journal;

/// <summary>What an actor of a run does, or which part of the run it is.</summary>
public enum ActorRole
{
    Checkpointer,

    /// <summary>Estimates the values of rollouts' tokens.</summary>
    Critic,

    Goodput,

    Journal,

    /// <summary>Keeps the rollouts of each step.</summary>
    Ledger,

    Metrics,

    Reducer,

    /// <summary>Computes log-probabilities of rollouts under the base model.</summary>
    Reference,

    /// <summary>Scores rollouts.</summary>
    Reward,

    /// <summary>Samples rollouts from the policy.</summary>
    Rollout,

    /// <summary>Has each step's rollouts made.</summary>
    Rollouts,

    /// <summary>The memory for snapshots: not an actor, but it may be found corrupt like one.</summary>
    Snapshots,

    Spikes,

    Trainer,

    Trainers,
}

/// <summary>The subject of an event. As text, the displayed name, such as <c>trainer-0-2</c> or <c>checkpointer</c>.</summary>
/// <param name="Number">From 0; 0 if there is only one.</param>
/// <param name="Life">From 1; grows with each restart.</param>
[JsonConverter(typeof(ActorIdConverter))]
public readonly record struct ActorId(ActorRole Role, int Number = 0, int Life = 1)
{
    public static IComparer<ActorId> Order { get; } =
        Comparer<ActorId>.Create(static (a, b) => (a.Role, a.Number, a.Life).CompareTo((b.Role, b.Number, b.Life)));

    public static ActorId Trainer(int number, int life = 1) => new(ActorRole.Trainer, number, life);

    public static ActorId Reducer(int number) => new(ActorRole.Reducer, number);

    /// <summary>Whether a role may have several actors, distinguished by number.</summary>
    public static bool AreNumbered(ActorRole role) =>
        role is ActorRole.Trainer or ActorRole.Reducer or ActorRole.Rollout or ActorRole.Reward or ActorRole.Reference
            or ActorRole.Critic;

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

    /// <summary>Its role as displayed, without number or life.</summary>
    public string RoleName => NameOf(Role);

    public override string ToString() => NameOf(Role) + (AreNumbered(Role) ? $"-{Number}" : "") + (Life == 1 ? "" : $"-{Life}");

    private static string NameOf(ActorRole role) => role.ToString().ToLowerInvariant();
}

public sealed class ActorIdConverter : JsonConverter<ActorId>
{
    public override ActorId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && ActorId.TryParse(reader.GetString(), out var actor) ? actor : throw new JsonException(
            "it is not the name of an actor of a run");

    public override void Write(Utf8JsonWriter writer, ActorId value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}

using System.Text.Json.Serialization;

namespace ActorTrain.Persistence.Logs;

[JsonConverter(typeof(JsonStringEnumConverter<BranchCause>))]
public enum BranchCause
{
    [JsonStringEnumMemberName("start")]
    Start,

    /// <summary>A writer resumed from a kept state.</summary>
    [JsonStringEnumMemberName("resume")]
    Resume,

    [JsonStringEnumMemberName("rollback")]
    Rollback,
}

/// <summary>Start of a branch: its rows follow a step, and later steps of the branches before are abandoned.</summary>
/// <param name="Number">From 1; ascending, with gaps. Branch 0 has no opening line: an older version wrote it.</param>
/// <param name="After">The step that its first row follows.</param>
public sealed record Branch(
    int Number, int Parent, long After, long Update, BranchCause Cause, string Reason, DateTimeOffset Time, string Writer)
{
    /// <summary>The branch that no line opens.</summary>
    internal static Branch Root { get; } = new(0, 0, 0, 0, BranchCause.Start, "", default, "");
}

/// <summary>The fields common to all rows of a log with branches.</summary>
/// <param name="Time">The default if an older version wrote it.</param>
/// <param name="Update">Commits that the log had seen, this one included; never falls, unlike the step.</param>
/// <param name="Decisions">The decisions in force: steps with equal values are computed to the same bits. Null for none.</param>
public sealed record RowStamp(DateTimeOffset Time, int Branch, long Update, string Writer, string? Decisions = null);

public sealed record Stamped<TRow>(RowStamp Stamp, TRow Row);

/// <summary>A step recomputed from the same decisions to different bits.</summary>
public sealed record UnequalStep(long Step, int Was, int Is, string Difference)
{
    public override string ToString() =>
        $"step {Step} was recomputed on branch {Is} from the same decisions as on branch {Was}, but is not bit-identical: {Difference}";
}

/// <summary>A line of a log with branches: one of the two.</summary>
internal sealed record LogEntry<TRow>(Branch? Branch, Stamped<TRow>? Row);

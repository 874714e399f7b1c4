using System.Text.Json.Serialization;

namespace ActorTrain.Persistence.Logs;

/// <summary>Why a branch was opened.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<BranchCause>))]
public enum BranchCause
{
    [JsonStringEnumMemberName("start")]
    Start,

    /// <summary>A writer continued from a state that was kept.</summary>
    [JsonStringEnumMemberName("resume")]
    Resume,

    /// <summary>The run rolled back to an earlier step.</summary>
    [JsonStringEnumMemberName("rollback")]
    Rollback,
}

/// <summary>Where the rows of a log part from those before them: the new ones follow a step, and later steps of the branches before are
/// abandoned.</summary>
/// <param name="Number">Its number, from 1; numbers rise, with gaps. Rows of branch 0 follow no opening line: an older version wrote
/// them.</param>
/// <param name="After">The step that its first row follows.</param>
public sealed record Branch(
    int Number, int Parent, long After, long Update, BranchCause Cause, string Reason, DateTimeOffset Time, string Writer)
{
    /// <summary>The branch of rows that no line opens.</summary>
    internal static Branch Root { get; } = new(0, 0, 0, 0, BranchCause.Start, "", default, "");
}

/// <summary>What every row of a log with branches carries, whatever it tells.</summary>
/// <param name="Time">When it was written; the default where an older version wrote it.</param>
/// <param name="Update">Commits that the log had seen with it; it never falls, whatever the step does.</param>
/// <param name="Decisions">The decisions that it rests on: steps with the same value are computed to the same bits. Null: none.</param>
public sealed record RowStamp(DateTimeOffset Time, int Branch, long Update, string Writer, string? Decisions = null);

public sealed record Stamped<TRow>(RowStamp Stamp, TRow Row);

/// <summary>A step that was computed again, from the same decisions, to other bits.</summary>
public sealed record UnequalStep(long Step, int Was, int Is, string Difference)
{
    public override string ToString() =>
        $"step {Step} was recomputed on branch {Is} from the same decisions as on branch {Was}, but is not bit-identical: {Difference}";
}

/// <summary>A line of a log with branches: one of the two.</summary>
internal sealed record LogEntry<TRow>(Branch? Branch, Stamped<TRow>? Row);

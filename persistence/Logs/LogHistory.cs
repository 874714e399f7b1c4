namespace ActorTrain.Persistence.Logs;

/// <summary>Rows that a branch left behind, in the order of their steps.</summary>
public sealed record AbandonedRows<TRow>(Branch By, IReadOnlyList<Stamped<TRow>> Rows);

/// <summary>All that a log with branches says.</summary>
/// <param name="Line">The current line of the run: what the newest branch and those before it tell of each step, in order.</param>
public sealed record LogHistory<TRow>(
    IReadOnlyList<Branch> Branches, IReadOnlyList<Stamped<TRow>> Line, IReadOnlyList<AbandonedRows<TRow>> Abandoned)
{
    /// <summary>The latest step that the run ever had, on whatever branch.</summary>
    public long Reached { get; init; }

    /// <summary>Rows of steps that had been computed from the same decisions before.</summary>
    public long Redone { get; init; }

    /// <summary>Those that told other bits than the row before them; each is a fault of the machine or of the program.</summary>
    public IReadOnlyList<UnequalStep> Unequal { get; init; } = [];
}

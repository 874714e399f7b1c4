namespace ActorTrain.Persistence.Logs;

public sealed record AbandonedRows<TRow>(Branch By, IReadOnlyList<Stamped<TRow>> Rows);

/// <param name="Line">The current line of the run: the rows of the newest branch and of those it continues, in order.</param>
public sealed record LogHistory<TRow>(
    IReadOnlyList<Branch> Branches, IReadOnlyList<Stamped<TRow>> Line, IReadOnlyList<AbandonedRows<TRow>> Abandoned)
{
    /// <summary>The latest step that the run ever had, on any branch.</summary>
    public long Reached { get; init; }

    /// <summary>Rows of steps that had been computed from the same decisions before.</summary>
    public long Redone { get; init; }

    /// <summary>Recomputed steps with different bits; each is a fault of the machine or of the program.</summary>
    public IReadOnlyList<UnequalStep> Unequal { get; init; } = [];
}

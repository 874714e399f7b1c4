namespace ActorTrain.Persistence.Journal;

/// <summary>How often a run fell back to a checkpoint or its initial weights: the faults that determine the checkpoint interval. Recovery
/// from memory costs the same at any interval.</summary>
public sealed record FailureRecord
{
    public static FailureRecord Empty { get; } = new();

    public int Failures { get; private init; }

    /// <summary>Observed time, excluding time in which no process ran.</summary>
    public TimeSpan Watched { get; private init; }

    /// <summary>Sum over all faults of the steps from onset to detection.</summary>
    public long DelaySteps { get; private init; }

    private DateTimeOffset? Last { get; init; }

    private bool IsEnded { get; init; }

    // Of the intervention for which the run has yet to roll back.
    private long? Delay { get; init; }

    public static FailureRecord Of(IEnumerable<RunEvent> decisions) =>
        decisions.Aggregate(Empty, static (record, decision) => record.Apply(decision));

    public FailureRecord Apply(RunEvent decision)
    {
        // Not a fault, and possible while no process trains the run.
        if (decision is RunExtended)
            return this;
        var next = decision is RunResumed ? this with { Last = decision.At } : Until(decision.At);
        return decision switch
        {
            // A run that was stopped in order lost nothing.
            RunResumed resumed => next with { IsEnded = false, Failures = Failures + (!IsEnded && FellBack(resumed.From) ? 1 : 0) },
            RunRewound rewound when FellBack(rewound.From) => next with { Failures = Failures + 1 },
            CourseCorrected corrected => next with { Delay = Math.Max(0, corrected.Step - corrected.Intervention.From) },
            RunRolledBack back when FellBack(back.From) =>
                next with { Failures = Failures + 1, DelaySteps = DelaySteps + (Delay ?? back.LostStep - back.Step), Delay = null },
            RunRolledBack => next with { Delay = null },
            RunStopped or RunFinished => next with { IsEnded = true },
            _ => next,
        };
    }

    public FailureRecord Until(DateTimeOffset now) =>
        this with { Last = now, Watched = Last is { } before && now > before ? Watched + (now - before) : Watched };

    private static bool FellBack(StateKind from) => from != StateKind.Snapshot;
}

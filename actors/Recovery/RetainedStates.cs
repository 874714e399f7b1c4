using ActorTrain.Actors.Protocol;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Recovery;

/// <summary>From which of the states that nodes have retained a run may resume in a new process.</summary>
/// <remarks>A state is a pure function of what it rests on, so the newest will do, provided that the journal knows all of that: a state
/// after an intervention, a rollback or a veto that never became durable is void, and so is one that the run has gone back from
/// since.</remarks>
public sealed class RetainedStates
{
    private readonly IReadOnlyList<RunEvent> decided;
    private readonly RecoveryState recovery;
    private readonly CheckpointHistory history;
    private readonly long newest;
    private readonly long writtenStep;

    /// <param name="recorded">The journal.</param>
    /// <param name="recovery">What this process would resume from without them.</param>
    /// <param name="writtenStep">The last step in the run's metrics and ledger.</param>
    public RetainedStates(IReadOnlyList<RunEvent> recorded, RecoveryState recovery, long writtenStep)
    {
        ArgumentNullException.ThrowIfNull(recovery);
        (this.recovery, this.writtenStep) = (recovery, writtenStep);
        decided = recovery.Unwritten.After(recorded);
        history = CheckpointHistory.Of(decided);
        newest = recovery.Origins.Where(origin => !history.IsVoid(origin)).Max(static origin => origin.Step);
        var known = JournalState.Of(decided);
        Members = known.Ending is null ? known.Members.Count : 0;
    }

    /// <summary>Trainers that the last process had when it died; 0 if it ended in order.</summary>
    public int Members { get; }

    /// <summary>Whether the run may resume from a state, and would redo fewer steps.</summary>
    public bool IsUsable(RetainedState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        var (basis, step) = (state.Record.Basis, state.Step);
        if (step <= newest || basis.Decision < 1 || basis.Decision > decided.Count)
            return false;
        var last = (int)basis.Decision;
        return StateBases.Of(decided[last - 1], last) == basis
            && !decided.Skip(last).Any(later => Voids(later, step))
            && state.Record.Overrides.Holds(history.Interventions, step)
            && IsRecorded(state);
    }

    /// <summary>The states to resume from, best first: those of later steps come before others, and of a step for which nodes disagree
    /// none.</summary>
    /// <param name="states">By node.</param>
    public IReadOnlyList<(NodeKey Node, RetainedState State)> Choose(IEnumerable<(NodeKey Node, RetainedState State)> states) =>
    [
        .. states.Where(held => IsUsable(held.State)).GroupBy(static held => held.State.Step).OrderByDescending(static held => held.Key)
            .Where(static held => held.Select(static one => one.State.Hash).Distinct().Count() == 1)
            .SelectMany(static held => held.OrderBy(static one => one.Node.Name, StringComparer.Ordinal)),
    ];

    /// <summary>What the process resumes from once it has a copy of the state.</summary>
    /// <param name="slot">Of the copy, in the snapshots in memory.</param>
    public RecoveryState With(RetainedState state, int slot)
    {
        ArgumentNullException.ThrowIfNull(state);
        var (step, record) = (state.Step, state.Record);
        var written = Math.Min(writtenStep, step);

        // An evaluation of the last written step may be missing behind it; if it is not, it is not written again.
        var missing = record.Measurements.Where(one => one.Step > written || (one is EvaluationMeasurement && one.Step == written));
        return recovery with
        {
            Held = [new HeldSnapshot(slot, step, state.Hash, record.Overrides)],
            Known = record.Unproved.ToDictionary(static one => one.Key, static one => new FormerTrainer(0, one.Value)),
            Unwritten = recovery.Unwritten with
            {
                MetricsStep = written,
                Measurements = [.. missing.Select(static one => new MetricsItem(one, one.Step))],
            },
        };
    }

    // A run that went back to that step or a later one has kept it.
    private static bool Voids(RunEvent later, long step) =>
        later is CorruptionFound || (later is RunResumed or RunRewound or RunRolledBack && later.Step < step);

    // Steps that are in no file must be in the record, without a gap.
    private bool IsRecorded(RetainedState state)
    {
        var record = state.Record;
        if (writtenStep < record.MetricsStep)
            return false;
        var next = Math.Min(writtenStep, state.Step) + 1;
        foreach (var step in record.Measurements.OfType<StepMeasurement>().Where(one => one.Step >= next))
        {
            if (step.Step != next++)
                return false;
        }

        return next == state.Step + 1;
    }
}

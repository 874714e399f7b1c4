using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Metrics;

/// <summary>A branch that a run abandoned by a rollback. A process that died just then may have left its steps on the ledger's current
/// line; the next one opens a branch before them.</summary>
/// <param name="After">The step the run rolled back to.</param>
public sealed record AbandonedBranch(long After, SkipList Skips)
{
    /// <summary>Those whose steps may still stand in the ledger, the oldest first: since a checkpoint of a later step was written, they do
    /// not.</summary>
    public static IReadOnlyList<AbandonedBranch> Of(IEnumerable<RunEvent> decisions)
    {
        ArgumentNullException.ThrowIfNull(decisions);
        List<AbandonedBranch> left = [];
        var state = JournalState.Empty;
        JournalState? uncorrected = null;
        foreach (var decision in decisions)
        {
            switch (decision)
            {
                case RunRolledBack back:
                    left = [.. left.Select(earlier => earlier with { After = Math.Min(earlier.After, back.Step) }),
                        new AbandonedBranch(back.Step, (uncorrected ?? state).Skips)];
                    break;
                case CheckpointCommitted committed:
                    left.RemoveAll(earlier => earlier.After < committed.Step);
                    break;
            }

            // The steps that are left did not follow the intervention for which they are.
            uncorrected = decision is CourseCorrected corrected && corrected.Intervention.From < corrected.Step ? uncorrected ?? state
                : null;
            state = state.Apply(decision);
        }

        return left;
    }
}

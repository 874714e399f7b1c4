using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Metrics;

/// <summary>A branch that a rollback abandoned. If the process died just then, its steps may still be on the ledger's current line; the
/// next process opens a branch before them.</summary>
/// <param name="After">The step that the run rolled back to.</param>
public sealed record AbandonedBranch(long After, SkipList Skips)
{
    /// <summary>Those whose steps may still be in the ledger, oldest first; a checkpoint of a later step proves that they are
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

            // The remaining steps did not follow the intervention that motivated the rollback.
            uncorrected = decision is CourseCorrected corrected && corrected.Intervention.From < corrected.Step ? uncorrected ?? state
                : null;
            state = state.Apply(decision);
        }

        return left;
    }
}

using ActorTrain.Models;
using ActorTrain.Models.Plan;

namespace ActorTrain.Persistence.Journal;

public static class RunEventWords
{
    /// <summary>One sentence per decision, without its time and step.</summary>
    public static string Describe(RunEvent decision) => decision switch
    {
        RunStarted started => $"Run started with {Plural.Of(started.Trainers, "trainer")}: {started.Steps} steps of {started.Lanes} lanes, "
            + $"configuration {Short(started.ConfigurationHash)}.",
        RunResumed resumed => $"Run resumed from {Source(resumed.From, resumed.Step)} with {Plural.Of(resumed.Trainers, "trainer")}."
            + (resumed.FormerEnd is { } end ? " " + end : ""),
        TrainerJoined joined => $"{joined.Trainer} joined; generation {joined.Generation}.",
        TrainerLeft left => $"{left.Trainer} left; generation {left.Generation}. {Ended(left.Reason)}",
        TrainersScaled scaled => $"Target set to {Plural.Of(scaled.Trainers, "trainer")}.",
        RunRewound rewound =>
            $"No trainer holds the state of step {rewound.LostStep} any more; restored {Source(rewound.From, rewound.Step)}.",
        ActorRestarted restarted => $"{restarted.Actor} failed and was restarted. {Ended(restarted.Reason)}",
        BatchVetoed vetoed => $"Update vetoed; skipped {Positions(vetoed.Skipped)} of the sample stream. {Ended(vetoed.Reason)}",
        SpikeJudged spike => $"Rule {spike.Rule} flagged step {spike.Step}; action: {InWords(spike.Rung)}. {Ended(spike.Evidence)}",
        StepReplayed replayed => $"Step {replayed.Step} was recomputed and is {(replayed.Agreed ? "" : "not ")}bit-identical. "
            + Ended(replayed.Evidence),
        CourseCorrected corrected => Describe(corrected.Intervention),
        RunRolledBack back => $"Rolled back from step {back.LostStep} to {Source(back.From, back.Step)}. {Ended(back.Reason)}",
        SpikeExplained explained => $"Spike at step {explained.Step} attributed to {InWords(explained.Cause)}. {Ended(explained.Evidence)}",
        CorruptionFound found => $"Corruption detected in {found.Actor}. {Ended(found.Evidence)}",
        TrainerQuarantined quarantined => $"Trainer {quarantined.Trainer} quarantined by {quarantined.By}. {Ended(quarantined.Reason)}",
        TrainerReleased released => $"Trainer {released.Trainer} released from quarantine by {released.By}.",
        RunPaused paused => $"Paused by {paused.By}.",
        RunContinued continued => $"Resumed after a pause by {continued.By}.",
        CheckpointProved proved => $"Checkpoint at step {proved.Step} marked good: training stayed healthy until step {proved.ProvedAt}.",
        SaveIntervalChosen chosen => $"Checkpoint interval set to {chosen.Every} steps. {Ended(chosen.Reason)}",
        CheckpointCommitted committed => $"Checkpoint at step {committed.Step} written, weights {Short(committed.WeightsHash)}.",
        CheckpointLost lost => $"Checkpoint at step {lost.Step} could not be written; training continued. {Ended(lost.Reason)}",
        RunStopped stopped => $"Run stopped cleanly after step {stopped.Step}. {Ended(stopped.Reason)}",
        RunFinished finished => $"Run finished at step {finished.Step}, weights {Short(finished.WeightsHash)}.",
        _ => throw new ArgumentException($"No description for {decision?.GetType().Name}.", nameof(decision)),
    };

    public static string Describe(Intervention intervention)
    {
        if (intervention.Steps is not null)
            return Ended(intervention.Reason);
        var changes = new List<string>();
        if (intervention.Skipped.Count > 0)
            changes.Add($"{Positions(intervention.Skipped)} of the sample stream "
                + $"{(intervention.Skipped is [{ Count: 1 }] ? "is" : "are")} skipped");
        if (intervention.RateFactor != 1)
            changes.Add($"the learning rate is multiplied by {intervention.RateFactor}");
        return $"Intervention {intervention.Number} by {intervention.By}, from step {intervention.From}: "
            + $"{(changes.Count == 0 ? "no change" : string.Join(" and ", changes))}. {Ended(intervention.Reason)}";
    }

    public static string InWords(StateKind kind) => kind.ToString().ToLowerInvariant();

    /// <summary>Such as <c>position 7</c> and <c>positions 7–9, 12</c>. Batches are often skipped sample by sample, so adjacent ranges are
    /// merged.</summary>
    public static string Positions(IEnumerable<SkippedRange> skipped)
    {
        var merged = SkippedRange.Merged(skipped.Select(static range => range with { Reason = "" }));
        var words = merged.Select(static range => range.Count == 1 ? $"{range.First}" : $"{range.First}–{range.End - 1}");
        return (merged is [{ Count: 1 }] ? "position " : "positions ") + string.Join(", ", words);
    }

    private static string InWords(Rung rung) => rung switch
    {
        Rung.RollBack => "roll back",
        Rung.LowerRate => "lower rate",
        _ => rung.ToString().ToLowerInvariant(),
    };

    private static string InWords(SpikeCause cause) =>
        cause == SpikeCause.DataAndState ? "data and state" : cause.ToString().ToLowerInvariant();

    private static string Source(StateKind from, long step) => from == StateKind.Seed ?
        "its initial weights" : $"the {InWords(from)} at step {step}";

    private static string Ended(string reason) => reason.Length > 0 && reason[^1] is '.' or '!' or '?' ? reason : reason + ".";

    private static string Short(string hash) => hash.Length > 12 ? hash[..12] : hash;
}

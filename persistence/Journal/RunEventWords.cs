using System.Globalization;
using ActorTrain.Models.Plan;

namespace ActorTrain.Persistence.Journal;

/// <summary>Decisions in words.</summary>
public static class RunEventWords
{
    /// <summary>One sentence per decision, without its time and step.</summary>
    public static string Describe(RunEvent decision) => decision switch
    {
        RunStarted started => Sentence($"Run started with {Trainers(started.Trainers)}: {started.Steps} steps of {started.Lanes} lanes, ")
            + $"configuration {Short(started.ConfigurationHash)}.",
        RunResumed resumed => Sentence($"Run resumed from {Source(resumed.From, resumed.Step)} with {Trainers(resumed.Trainers)}.")
            + (resumed.FormerEnd is { } end ? " " + end : ""),
        TrainerJoined joined => Sentence($"{joined.Trainer} joined; generation {joined.Generation}."),
        TrainerLeft left => Sentence($"{left.Trainer} left; generation {left.Generation}. {Ended(left.Reason)}"),
        TrainersScaled scaled => Sentence($"Target set to {Trainers(scaled.Trainers)}."),
        RunRewound rewound => Sentence(
            $"No trainer holds the state of step {rewound.LostStep} any more; restored {Source(rewound.From, rewound.Step)}."),
        ActorRestarted restarted => Sentence($"{restarted.Actor} failed and was restarted. {Ended(restarted.Reason)}"),
        BatchVetoed vetoed => Sentence($"Update vetoed; skipped {Ranges(vetoed.Skipped)} of the sample stream. {Ended(vetoed.Reason)}"),
        SpikeJudged spike => Sentence(
            $"Rule {spike.Rule} flagged step {spike.Step}; action: {InWords(spike.Rung)}. {Ended(spike.Evidence)}"),
        StepReplayed replayed => Sentence($"Step {replayed.Step} was recomputed and is {(replayed.Agreed ? "" : "not ")}bit-identical. ")
            + Ended(replayed.Evidence),
        CourseCorrected corrected => Describe(corrected.Intervention),
        RunRolledBack back => Sentence($"Rolled back from step {back.LostStep} to {Source(back.From, back.Step)}. {Ended(back.Reason)}"),
        SpikeExplained explained => Sentence(
            $"Spike at step {explained.Step} attributed to {InWords(explained.Cause)}. {Ended(explained.Evidence)}"),
        CorruptionFound found => Sentence($"Corruption detected in {found.Actor}. {Ended(found.Evidence)}"),
        TrainerQuarantined quarantined => Sentence(
            $"Trainer {quarantined.Trainer} quarantined by {quarantined.By}. {Ended(quarantined.Reason)}"),
        TrainerReleased released => Sentence($"Trainer {released.Trainer} released from quarantine by {released.By}."),
        RunPaused paused => Sentence($"Paused by {paused.By}."),
        RunContinued continued => Sentence($"Resumed after a pause by {continued.By}."),
        CheckpointProved proved => Sentence(
            $"Checkpoint at step {proved.Step} marked good: training stayed healthy until step {proved.ProvedAt}."),
        SaveIntervalChosen chosen => Sentence($"Checkpoint interval set to {chosen.Every} steps. {Ended(chosen.Reason)}"),
        CheckpointCommitted committed => Sentence($"Checkpoint at step {committed.Step} written, weights {Short(committed.WeightsHash)}."),
        CheckpointLost lost => Sentence($"Checkpoint at step {lost.Step} could not be written; training continued. {Ended(lost.Reason)}"),
        RunStopped stopped => Sentence($"Run stopped cleanly after step {stopped.Step}. {Ended(stopped.Reason)}"),
        RunFinished finished => Sentence($"Run finished at step {finished.Step}, weights {Short(finished.WeightsHash)}."),
        _ => throw new ArgumentException($"No description for {decision?.GetType().Name}.", nameof(decision)),
    };

    /// <summary>One sentence on an intervention.</summary>
    public static string Describe(Intervention intervention)
    {
        ArgumentNullException.ThrowIfNull(intervention);
        if (intervention.Steps is not null)
            return Ended(intervention.Reason);
        var changes = new List<string>();
        if (intervention.Skipped.Count > 0)
            changes.Add($"{Ranges(intervention.Skipped)} of the sample stream "
                + $"{(intervention.Skipped is [{ Count: 1 }] ? "is" : "are")} skipped");
        if (intervention.RateFactor != 1)
            changes.Add(Sentence($"the learning rate is multiplied by {intervention.RateFactor:0.####}"));
        return Sentence($"Intervention {intervention.Number} by {intervention.By}, from step {intervention.From}: ")
            + $"{(changes.Count == 0 ? "no change" : string.Join(" and ", changes))}. {Ended(intervention.Reason)}";
    }

    /// <summary>Where a state is kept.</summary>
    public static string InWords(StateKind kind) => kind.ToString().ToLowerInvariant();

    private static string InWords(Rung rung) => rung switch
    {
        Rung.RollBack => "roll back",
        Rung.LowerRate => "lower rate",
        _ => rung.ToString().ToLowerInvariant(),
    };

    private static string InWords(SpikeCause cause) => cause == SpikeCause.DataAndState ? "data and state" : cause.ToString().ToLowerInvariant();

    private static string Sentence(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static string Trainers(int count) => count == 1 ? "1 trainer" : string.Create(CultureInfo.InvariantCulture, $"{count} trainers");

    private static string Source(StateKind from, long step) => from == StateKind.Seed ?
        "its initial weights" : Sentence($"the {InWords(from)} at step {step}");

    // A batch is often skipped sample by sample: neighbours are merged.
    private static string Ranges(IReadOnlyList<SkippedRange> skipped)
    {
        var joined = new List<(long First, long End)>();
        foreach (var range in skipped.OrderBy(static range => range.First))
        {
            if (joined.Count > 0 && joined[^1].End == range.First)
                joined[^1] = (joined[^1].First, range.End);
            else
                joined.Add((range.First, range.End));
        }

        var words = joined.Select(static range => range.End == range.First + 1 ? Sentence($"{range.First}") : Sentence($"{range.First}–{range.End - 1}"));
        return (joined is [var one] && one.End == one.First + 1 ? "position " : "positions ") + string.Join(", ", words);
    }

    private static string Ended(string reason) => reason.Length > 0 && reason[^1] is '.' or '!' or '?' ? reason : reason + ".";

    private static string Short(string hash) => hash.Length > 12 ? hash[..12] : hash;
}

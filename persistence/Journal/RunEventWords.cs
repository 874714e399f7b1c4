using ActorTrain.Models;
using ActorTrain.Models.Plan;

namespace ActorTrain.Persistence.Journal;

/// <summary>Decisions in words.</summary>
public static class RunEventWords
{
    /// <summary>One sentence on what was decided; when and after which step stand beside it.</summary>
    public static string Describe(RunEvent decision) => decision switch
    {
        RunStarted started => $"The run began with {Plural.Of(started.Trainers, "trainer")}: {started.Steps} steps of {started.Lanes} lanes, configuration {Short(started.ConfigurationHash)}.",
        RunResumed resumed => $"The run went on from {Source(resumed.From, resumed.Step)} with {Plural.Of(resumed.Trainers, "trainer")}.{(resumed.FormerEnd is { } end ? " " + end : "")}",
        TrainerJoined joined => $"{joined.Trainer} joined: generation {joined.Generation}.",
        TrainerLeft left => $"{left.Trainer} left: generation {left.Generation}. {Ended(left.Reason)}",
        TrainersScaled scaled => $"{Plural.Of(scaled.Trainers, "trainer")} wanted from now on.",
        RunRewound rewound => $"No trainer had the state of step {rewound.LostStep} any more; the run went back to {Source(rewound.From, rewound.Step)}.",
        ActorRestarted restarted => $"{restarted.Actor} failed and was restarted. {Ended(restarted.Reason)}",
        BatchVetoed vetoed => $"An update was vetoed and {Ranges(vetoed.Skipped)} of the sample stream left out. {Ended(vetoed.Reason)}",
        SpikeJudged spike => $"Step {spike.Step} was judged by the rule {spike.Rule} and answered by: {InWords(spike.Rung)}. {Ended(spike.Evidence)}",
        StepReplayed replayed => $"Step {replayed.Step} was computed again, {(replayed.Agreed ? "with the same bits" : "with other bits")}. {Ended(replayed.Evidence)}",
        CourseCorrected corrected => Describe(corrected.Correction),
        RunRolledBack back => $"The run went back from step {back.LostStep} to {Source(back.From, back.Step)}. {Ended(back.Reason)}",
        SpikeExplained explained => $"The spike of step {explained.Step} is put down to {InWords(explained.Cause)}. {Ended(explained.Evidence)}",
        CorruptionFound found => $"Corrupt bits were found with {found.Actor}. {Ended(found.Evidence)}",
        TrainerQuarantined quarantined => $"Trainer {quarantined.Trainer} is quarantined by {quarantined.By}. {Ended(quarantined.Reason)}",
        TrainerReleased released => $"Trainer {released.Trainer} may take part again, says {released.By}.",
        RunPaused paused => $"The run was paused by {paused.By}.",
        RunContinued continued => $"The run goes on after its pause, says {continued.By}.",
        CheckpointProved proved => $"The checkpoint of step {proved.Step} proved good: training stayed healthy until step {proved.ProvedAt}.",
        SaveIntervalChosen chosen => $"A checkpoint is written every {chosen.Every} steps from now on. {Ended(chosen.Reason)}",
        CheckpointCommitted committed => $"The checkpoint of step {committed.Step} is on disk, weights {Short(committed.WeightsHash)}.",
        CheckpointLost lost => $"The checkpoint of step {lost.Step} could not be written; training went on. {Ended(lost.Reason)}",
        RunStopped stopped => $"The run was stopped in order after step {stopped.Step}. {Ended(stopped.Reason)}",
        RunFinished finished => $"The run took its last step, {finished.Step}, weights {Short(finished.WeightsHash)}.",
        _ => throw new ArgumentException($"There are no words for {decision?.GetType().Name}.", nameof(decision)),
    };

    /// <summary>One sentence on a change of the course.</summary>
    public static string Describe(Correction correction)
    {
        if (correction.Steps is not null)
            return Ended(correction.Reason);
        var changes = new List<string>();
        if (correction.Skipped.Count > 0)
            changes.Add($"{Ranges(correction.Skipped)} of the sample stream {(correction.Skipped is [{ Count: 1 }] ? "is" : "are")} left out");
        if (correction.RateFactor != 1)
            changes.Add($"the learning rate is multiplied by {correction.RateFactor:0.####}");
        return $"Correction {correction.Number} by {correction.By}: from step {correction.From} on {(changes.Count == 0 ? "nothing changes" : string.Join(" and ", changes))}. {Ended(correction.Reason)}";
    }

    public static string InWords(StateKind kind) => kind.ToString().ToLowerInvariant();

    private static string InWords(Rung rung) => rung switch
    {
        Rung.RollBack => "roll back",
        Rung.LowerRate => "lower rate",
        _ => rung.ToString().ToLowerInvariant(),
    };

    private static string InWords(SpikeCause cause) => cause == SpikeCause.DataAndState ? "data and state" : cause.ToString().ToLowerInvariant();

    private static string Source(StateKind from, long step) => from == StateKind.Seed ? "its first weights" : $"the {InWords(from)} of step {step}";

    // A batch is often left out sample by sample: neighbours are told as one.
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

        var words = joined.Select(static range => range.End == range.First + 1 ? $"{range.First}" : $"{range.First}–{range.End - 1}");
        return (joined is [var one] && one.End == one.First + 1 ? "position " : "positions ") + string.Join(", ", words);
    }

    private static string Ended(string reason) => reason.Length > 0 && reason[^1] is '.' or '!' or '?' ? reason : reason + ".";

    private static string Short(string hash) => hash.Length > 12 ? hash[..12] : hash;
}

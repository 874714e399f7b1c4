using System.Globalization;

namespace ActorTrain.Persistence.Journal;

/// <summary>Decisions in words.</summary>
public static class RunEventWords
{
    /// <summary>One sentence on what was decided; when and after which step stand beside it.</summary>
    public static string Describe(RunEvent decision) => decision switch
    {
        RunStarted started => Sentence($"The run began with {Trainers(started.Trainers)}: {started.Steps} steps of {started.Lanes} lanes, configuration {Short(started.ConfigurationHash)}."),
        RunResumed resumed => Sentence($"The run went on from {Source(resumed.From, resumed.Step)} with {Trainers(resumed.Trainers)}."),
        TrainerJoined joined => Sentence($"{joined.Trainer} joined: generation {joined.Generation}."),
        TrainerLeft left => Sentence($"{left.Trainer} left: generation {left.Generation}. {Ended(left.Reason)}"),
        TrainersScaled scaled => Sentence($"{Trainers(scaled.Trainers)} wanted from now on."),
        RunRewound rewound => Sentence($"No trainer had the state of step {rewound.LostStep} any more; the run went back to {Source(rewound.From, rewound.Step)}."),
        ActorRestarted restarted => Sentence($"{restarted.Actor} failed and was restarted. {Ended(restarted.Reason)}"),
        BatchVetoed vetoed => Sentence($"An update was vetoed and {Ranges(vetoed)} of the sample stream left out. {Ended(vetoed.Reason)}"),
        CheckpointCommitted committed => Sentence($"The checkpoint of step {committed.Step} is on disk, weights {Short(committed.WeightsHash)}."),
        CheckpointLost lost => Sentence($"The checkpoint of step {lost.Step} could not be written; training went on. {Ended(lost.Reason)}"),
        RunStopped stopped => Sentence($"The run was stopped in order after step {stopped.Step}. {Ended(stopped.Reason)}"),
        RunFinished finished => Sentence($"The run took its last step, {finished.Step}, weights {Short(finished.WeightsHash)}."),
        _ => throw new ArgumentException($"There are no words for {decision?.GetType().Name}.", nameof(decision)),
    };

    private static string Sentence(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static string Trainers(int count) => count == 1 ? "1 trainer" : string.Create(CultureInfo.InvariantCulture, $"{count} trainers");

    private static string Source(string from, long step) => from == "seed"
        ? "its first weights"
        : string.Create(CultureInfo.InvariantCulture, $"the {from} of step {step}");

    private static string Ranges(BatchVetoed vetoed) => (vetoed.Skipped.Count == 1 && vetoed.Skipped[0].Count == 1 ? "position " : "positions ") + string.Join(
        ", ", vetoed.Skipped.Select(static range => range.Count == 1 ? Sentence($"{range.First}") : Sentence($"{range.First}–{range.End - 1}")));

    private static string Ended(string reason) => reason.Length > 0 && reason[^1] is '.' or '!' or '?' ? reason : reason + ".";

    private static string Short(string hash) => hash.Length > 12 ? hash[..12] : hash;
}

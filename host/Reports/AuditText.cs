using ActorTrain.Actors.Metrics;
using ActorTrain.Host.Rollouts;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Host.Reports;

internal static class AuditText
{
    private const int NamedSteps = 10;

    /// <param name="rollouts">Null for a run without rollouts.</param>
    public static void Write(string run, AuditReport report, TextWriter output, RolloutAuditReport? rollouts = null)
    {
        ArgumentNullException.ThrowIfNull(report);
        output.WriteLine(report.IsClean
            ? $"{run} is clean: {report.Steps} steps, each committed once; {report.Consumed} positions of the sample stream, "
                + $"each read once; next position {report.Next}."
            : $"{run} is inconsistent ({report.Steps} steps, {report.Consumed} positions of the sample stream):");
        foreach (var unequal in report.Unequal.Take(NamedSteps))
            output.WriteLine($"  {unequal}");
        if (report.Unequal.Count > NamedSteps)
            output.WriteLine($"  and {report.Unequal.Count - NamedSteps} more steps that are not bit-identical");
        foreach (var contradiction in report.Contradictions)
            output.WriteLine($"  {contradiction}");
        if (report.Reads is { } reads)
            Write(reads, output);
        foreach (var range in SkippedRange.Merged(report.Skips))
            output.WriteLine($"  skipped: {RunEventWords.Positions([range])}, {range.Reason}");

        if (report.Undecided > 0)
            output.WriteLine($"  skipped, but not yet durable in the journal: {report.Undecided} positions; "
                + "if the process dies now, the steps after the newest checkpoint are redone");
        if (report.AbandonedSteps > 0)
            output.WriteLine($"  abandoned by a rollback, not counted: {report.AbandonedSteps} steps, discarded when the run resumes");
        if (report.Redone is > 0 and var redone)
            output.WriteLine($"  recomputed from the same decisions: {redone} steps, {redone - report.Unequal.Count} bit-identical");
        if (report.IsClean)
            output.WriteLine(report.CheckpointStep is { } step
                ? $"  the newest checkpoint, at step {step}, is consistent"
                : "  no checkpoint yet");
        if (rollouts is not null)
            Write(run, rollouts, output);
    }

    private static void Write(string run, RolloutAuditReport report, TextWriter output)
    {
        var rewards = report.RewardsCompared is { } compared ? $"{compared} rewards equal those of the reward function"
            : "rewards were not computed again, since the data of the run is not there";
        output.WriteLine(report.IsClean
            ? $"rollouts: {report.Rollouts} of {report.Steps} steps, each trained on as planned; {rewards}."
            : "rollouts are inconsistent:");
        foreach (var contradiction in report.Contradictions)
            output.WriteLine($"  {contradiction}");
        if (report.Unreadable.Count > 0)
            output.WriteLine($"  `actortrain replay {run} --repair` samples what is missing or damaged again");
    }

    private static void Write(SampleReads reads, TextWriter output)
    {
        const int Named = 4;
        string[] parts =
        [
            .. reads.WholeEpochs > 0 ? [$"all in each of {reads.WholeEpochs} epochs"] : Array.Empty<string>(),
            .. reads.PartialEpochs.Take(Named).Select(static epoch => $"{epoch.Read} in epoch {epoch.Epoch}"),
            .. reads.PartialEpochs.Count > Named ? [$"some in {reads.PartialEpochs.Count - Named} other epochs"] : Array.Empty<string>(),
        ];
        output.WriteLine(
            $"  the data has {reads.Samples} samples; read once each: {(parts.Length > 0 ? string.Join(", ", parts) : "none yet")}");
        if (reads.MostInStep > 1)
            output.WriteLine($"  one step read the same sample up to {reads.MostInStep} times");
    }
}

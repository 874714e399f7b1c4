using ActorTrain.Actors.Metrics;

namespace ActorTrain.Host.Reports;

/// <summary>What an audit found, for people.</summary>
internal static class AuditText
{
    private const int NamedSteps = 10;

    public static void Write(string run, AuditReport report, TextWriter output)
    {
        ArgumentNullException.ThrowIfNull(report);
        output.WriteLine(report.IsClean
            ? $"{run} is clean: {report.Steps} steps, each committed once, and {report.Consumed} positions of the sample stream, each read once; the next position is {report.Next}."
            : $"{run} contradicts itself after {report.Steps} steps and {report.Consumed} positions of the sample stream:");
        foreach (var unequal in report.Unequal.Take(NamedSteps))
            output.WriteLine($"  {unequal}");
        if (report.Unequal.Count > NamedSteps)
            output.WriteLine($"  and {report.Unequal.Count - NamedSteps} more steps came to other bits");
        foreach (var contradiction in report.Contradictions)
            output.WriteLine($"  {contradiction}");
        if (report.Reads is { } reads)
            Write(reads, output);
        foreach (var range in report.Skips)
            output.WriteLine($"  left out: positions {range.First}–{range.End - 1}, {range.Reason}");
        if (report.Undecided > 0)
            output.WriteLine($"  passed over, but not yet durable in the journal: {report.Undecided} positions; the steps after the newest checkpoint are taken again if the process dies now");
        if (report.LeftSteps > 0)
            output.WriteLine($"  left by going back, and not counted: {report.LeftSteps} steps, abandoned when the run is resumed");
        if (report.Redone is > 0 and var redone)
            output.WriteLine($"  computed again from the same decisions: {redone} steps, {redone - report.Unequal.Count} to the same bits");
        if (report.IsClean)
            output.WriteLine(report.CheckpointStep is { } step ? $"  the newest checkpoint, of step {step}, agrees" : "  there is no checkpoint yet");
    }

    private static void Write(SampleReads reads, TextWriter output)
    {
        const int Named = 4;
        string[] parts =
        [
            .. reads.WholeEpochs > 0 ? [$"all of them in each of {reads.WholeEpochs} epochs"] : Array.Empty<string>(),
            .. reads.PartialEpochs.Take(Named).Select(static epoch => $"{epoch.Read} of them in epoch {epoch.Epoch}"),
            .. reads.PartialEpochs.Count > Named ? [$"some of them in {reads.PartialEpochs.Count - Named} others"] : Array.Empty<string>(),
        ];
        output.WriteLine($"  the data have {reads.Samples} samples; read once each: {(parts.Length > 0 ? string.Join(", ", parts) : "none yet")}");
        if (reads.MostInStep > 1)
            output.WriteLine($"  a step read the same sample up to {reads.MostInStep} times");
    }
}

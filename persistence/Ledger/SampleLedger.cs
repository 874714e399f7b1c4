using System.Text.Json;
using ActorTrain.Models;
using ActorTrain.Persistence.Files;

namespace ActorTrain.Persistence.Ledger;

/// <summary>What a run really trained on: a file of JSON lines, one per committed step, with the positions of the sample stream that its
/// trainers read. The audit compares it with what the plan says.</summary>
public sealed class SampleLedger : StepLog<SampleRow>
{
    private static readonly StepLogFormat<SampleRow> Format = new(
        "sample ledger",
        "row of samples",
        static row => row.Step,
        static row => JsonSerializer.SerializeToUtf8Bytes(SampleLine.Of(row), SampleJson.Default.SampleLine),
        static line => JsonSerializer.Deserialize(line, SampleJson.Default.SampleLine)?.ToRow());

    private SampleLedger(string path, long lastStep)
        : base(Format, path, lastStep)
    {
    }

    /// <summary>Opens the ledger to go on after <paramref name="lastStep"/>: rows of later steps, which are about to be taken again, are
    /// dropped.</summary>
    /// <param name="path">The file; it is made when missing.</param>
    /// <param name="lastStep">The step that training resumes from; 0 begins anew.</param>
    /// <exception cref="UserErrorException">A line up to that step is no row, or the disk refused; the file is as it was.</exception>
    public static SampleLedger Open(string path, long lastStep) => new(path, lastStep);

    /// <summary>Reads the rows one by one, also while a run appends to them; a torn last line is passed over, a missing file has
    /// none.</summary>
    /// <exception cref="UserErrorException">Another line is no row; the sentence names it.</exception>
    public static IEnumerable<SampleRow> Read(string path) => Format.Read(path);
}

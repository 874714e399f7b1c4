using System.Text.Json;
using ActorTrain.Models;
using ActorTrain.Persistence.Logs;

namespace ActorTrain.Persistence.Ledger;

/// <summary>What a run really trained on: a file of JSON lines, one per committed step, with the positions of the sample stream that its
/// trainers read, on branches; see docs/formats.md. The audit compares it with what the plan says.</summary>
public sealed class SampleLedger : BranchedLog<SampleRow>
{
    private static readonly BranchedFormat<SampleRow> Format = new(
        "sample ledger",
        "row of samples",
        static row => row.Step,
        static _ => true,
        static (was, now) => was.DifferenceTo(now),
        static (stamp, row) => JsonSerializer.SerializeToUtf8Bytes(SampleLine.Of(stamp, row), SampleJson.Default.SampleLine),
        static text => JsonSerializer.Deserialize(text, SampleJson.Default.SampleLine) is { } line ? line.ToEntry(line.ToRow()) : null);

    private SampleLedger(string path, long durable)
        : base(Format, path, durable)
    {
    }

    /// <summary>Opens the ledger to append to it.</summary>
    /// <param name="path">The file; it is made when missing.</param>
    /// <param name="durable">The step that training resumes from: its row is durable. A power cut may have torn what follows.</param>
    /// <exception cref="UserErrorException">A line up to that step is no row, or the disk refused; the file is as it was.</exception>
    public static SampleLedger Open(string path, long durable) => new(path, durable);

    /// <summary>The rows of the run's current line, also while a run appends to them; a torn last line is passed over, a missing file has
    /// none.</summary>
    /// <exception cref="UserErrorException">Another line is no row; the sentence names it.</exception>
    public static IReadOnlyList<SampleRow> Read(string path) => [.. Format.Read(path, compares: false).Line.Select(static row => row.Row)];

    /// <summary>All that was ever written, with what was computed again compared.</summary>
    /// <exception cref="UserErrorException">As for <see cref="Read"/>.</exception>
    public static LogHistory<SampleRow> ReadHistory(string path) => Format.Read(path, compares: true);
}

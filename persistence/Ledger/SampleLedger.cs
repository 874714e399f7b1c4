using System.Text.Json;
using ActorTrain.Models;
using ActorTrain.Persistence.Logs;
using ActorTrain.Persistence.Terms;

namespace ActorTrain.Persistence.Ledger;

/// <summary>What a run actually trained on: a file of JSON lines with branches, one line per committed step, with the positions of the
/// sample stream that were read; see docs/formats.md. The audit compares it with the plan.</summary>
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

    private SampleLedger(string path, long durable, RunTerm? term)
        : base(Format, path, durable, term)
    {
    }

    /// <summary>Opens the ledger to append to it; creates it if missing.</summary>
    /// <param name="durable">The step that training resumes from: its row is durable. A power cut may have torn what follows.</param>
    /// <exception cref="UserErrorException">A line up to that step is not a row, or a disk error; the file is unchanged.</exception>
    public static SampleLedger Open(string path, long durable, RunTerm? term = null) => new(path, durable, term);

    /// <summary>The rows of the current line, even while a run appends to them; skips a torn last line; a missing file has none.</summary>
    /// <exception cref="UserErrorException">Another line is not a row; the message names it.</exception>
    public static IReadOnlyList<SampleRow> Read(string path) => [.. Format.Read(path, compares: false).Line.Select(static row => row.Row)];

    /// <summary>Everything ever written, with recomputed steps compared.</summary>
    /// <exception cref="UserErrorException">As for <see cref="Read"/>.</exception>
    public static LogHistory<SampleRow> ReadHistory(string path) => Format.Read(path, compares: true);
}

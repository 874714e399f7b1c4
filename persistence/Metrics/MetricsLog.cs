using System.Text.Json;
using ActorTrain.Models;
using ActorTrain.Persistence.Logs;
using ActorTrain.Persistence.Terms;

namespace ActorTrain.Persistence.Metrics;

/// <summary>The metrics of one run: a file of JSON lines with branches, one line per step and per evaluation; see
/// docs/formats.md.</summary>
public sealed class MetricsLog : BranchedLog<MetricsRow>
{
    private static readonly BranchedFormat<MetricsRow> Format = new(
        "metrics file",
        "row of metrics",
        static row => row.Step,
        static row => row is StepMetrics,
        static (was, now) => ((StepMetrics)was).DifferenceTo((StepMetrics)now),
        static (stamp, row) => JsonSerializer.SerializeToUtf8Bytes(MetricsLine.Of(stamp, row), MetricsJson.Default.MetricsLine),
        static text => JsonSerializer.Deserialize(text, MetricsJson.Default.MetricsLine) is { } line ? line.ToEntry(line.ToRow()) : null);

    private MetricsLog(string path, long durable, RunTerm? term)
        : base(Format, path, durable, term)
    {
    }

    /// <summary>Opens the log to append to it; creates it if missing.</summary>
    /// <param name="durable">The step that training resumes from: its row is durable. A power cut may have torn what follows.</param>
    /// <exception cref="UserErrorException">A line up to that step is not a metrics row, or a disk error; the file is
    /// unchanged.</exception>
    public static MetricsLog Open(string path, long durable, RunTerm? term = null) => new(path, durable, term);

    /// <summary>The rows of the current line, even while a run appends to them; skips a torn last line; a missing file has none.</summary>
    /// <exception cref="UserErrorException">Another line is not a metrics row; the message names it.</exception>
    public static IReadOnlyList<MetricsRow> Read(string path) => [.. Format.Read(path, compares: false).Line.Select(static row => row.Row)];

    /// <summary>Everything ever written, with recomputed steps compared.</summary>
    /// <exception cref="UserErrorException">As for <see cref="Read"/>.</exception>
    public static LogHistory<MetricsRow> ReadHistory(string path) => Format.Read(path, compares: true);
}

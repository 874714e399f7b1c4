using System.Text.Json;
using ActorTrain.Models;
using ActorTrain.Persistence.Files;

namespace ActorTrain.Persistence.Metrics;

/// <summary>The metrics of one run: a file of JSON lines, one per step and one per evaluation.</summary>
public sealed class MetricsLog : StepLog<MetricsRow>
{
    private static readonly StepLogFormat<MetricsRow> Format = new(
        "metrics file",
        "row of metrics",
        static row => row.Step,
        static row => JsonSerializer.SerializeToUtf8Bytes(MetricsLine.Of(row), MetricsJson.Default.MetricsLine),
        static line => JsonSerializer.Deserialize(line, MetricsJson.Default.MetricsLine)?.ToRow());

    private MetricsLog(string path, long lastStep)
        : base(Format, path, lastStep)
    {
    }

    /// <summary>Opens the log to go on after <paramref name="lastStep"/>: rows of later steps, which are about to be taken again, are
    /// dropped, and with them whatever a power cut made of them.</summary>
    /// <param name="path">The file; it is made when missing.</param>
    /// <param name="lastStep">The step that training resumes from; 0 begins anew.</param>
    /// <exception cref="UserErrorException">A line up to that step is no metrics row, or the disk refused; the file is as it
    /// was.</exception>
    public static MetricsLog Open(string path, long lastStep) => new(path, lastStep);

    /// <summary>Reads the rows one by one, also while a run appends to them; a torn last line is passed over, a missing file has
    /// none.</summary>
    /// <exception cref="UserErrorException">Another line is no metrics row; the sentence names it.</exception>
    public static IEnumerable<MetricsRow> Read(string path) => Format.Read(path);
}

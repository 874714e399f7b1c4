using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using ActorTrain.Actors.Goodput;
using ActorTrain.Actors.Metrics;
using ActorTrain.Host.Control;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Logs;

namespace ActorTrain.Host.Reports;

/// <summary>The same reports for programs.</summary>
internal static class ReportJson
{
    // A dash or a quotation mark in a sentence stays one.
    private static readonly JsonSerializerOptions Line = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly ReportJsonContext Readable = new(new JsonSerializerOptions(ReportJsonContext.Default.Options)
    { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    /// <summary>How a run stands, as one object.</summary>
    public static string Write(StatusDocument status) => JsonSerializer.Serialize(status, Readable.StatusDocument);

    /// <summary>An audit, as one object.</summary>
    public static string Write(string run, AuditReport report) => JsonSerializer.Serialize(
        new AuditDocument(
            run, report.IsClean, report.Steps, report.Consumed, report.Next, report.Undecided, report.AbandonedSteps, report.CheckpointStep,
            report.Skips, report.Contradictions, report.Reads)
        {
            Redone = report.Redone,
            Unequal = report.Unequal,
        },
        Readable.AuditDocument);

    /// <summary>Where the time went, as one object.</summary>
    public static string Write(string run, GoodputReport report) =>
        JsonSerializer.Serialize(GoodputDocument.Of(run, report), Readable.GoodputDocument);

    /// <summary>The checkpoints of a run, as one object.</summary>
    public static string Write(CheckpointsDocument checkpoints) => JsonSerializer.Serialize(checkpoints, Readable.CheckpointsDocument);

    /// <summary>A decision, as one object on one line.</summary>
    public static string Write(long number, RunEvent decision)
    {
        var form = RunEventCodec.ManifestOf(decision);
        var line = new JsonObject { ["number"] = number, ["decision"] = form[..form.IndexOf('/', StringComparison.Ordinal)] };
        foreach (var (name, value) in JsonNode.Parse(RunEventCodec.Write(decision))!.AsObject())
            line[JsonNamingPolicy.SnakeCaseLower.ConvertName(name)] = value?.DeepClone();
        line["sentence"] = RunEventWords.Describe(decision);
        return line.ToJsonString(Line);
    }
}

/// <summary>An audit as it is printed.</summary>
internal sealed record AuditDocument(
    string Run, bool Clean, long Steps, long Samples, long NextPosition, long Undecided, long AbandonedSteps, long? Checkpoint,
    IReadOnlyList<SkippedRange> Skipped, IReadOnlyList<string> Contradictions, SampleReads? Reads)
{
    public required long Redone { get; init; }

    public required IReadOnlyList<UnequalStep> Unequal { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, IgnoreReadOnlyProperties = true)]
[JsonSerializable(typeof(StatusDocument))]
[JsonSerializable(typeof(AuditDocument))]
[JsonSerializable(typeof(GoodputDocument))]
[JsonSerializable(typeof(CheckpointsDocument))]
[JsonSerializable(typeof(SkippedRange))]
internal sealed partial class ReportJsonContext : JsonSerializerContext;

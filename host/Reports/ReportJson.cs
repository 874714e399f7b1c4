using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using ActorTrain.Actors.Goodput;
using ActorTrain.Actors.Metrics;
using ActorTrain.Host.Control;
using ActorTrain.Host.Rollouts;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Logs;

namespace ActorTrain.Host.Reports;

internal static class ReportJson
{
    // Leaves dashes and quotation marks unescaped.
    private static readonly JsonSerializerOptions Line = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly ReportJsonContext Readable = new(new JsonSerializerOptions(ReportJsonContext.Default.Options)
    { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    public static string Write(StatusDocument status) => JsonSerializer.Serialize(status, Readable.StatusDocument);

    public static string Write(NodesDocument nodes) => JsonSerializer.Serialize(nodes, Readable.NodesDocument);

    /// <param name="rollouts">Null for a run without rollouts.</param>
    public static string Write(string run, AuditReport report, RolloutAuditReport? rollouts = null) => JsonSerializer.Serialize(
        new AuditDocument(
            run, report.IsClean && rollouts is not { IsClean: false }, report.Steps, report.Consumed, report.Next, report.Undecided,
            report.AbandonedSteps, report.CheckpointStep, report.Skips, report.Contradictions, report.Reads)
        {
            Redone = report.Redone,
            Unequal = report.Unequal,
            Rollouts = rollouts,
        },
        Readable.AuditDocument);

    public static string Write(string run, GoodputReport report) =>
        JsonSerializer.Serialize(GoodputDocument.Of(run, report), Readable.GoodputDocument);

    public static string Write(CheckpointsDocument checkpoints) => JsonSerializer.Serialize(checkpoints, Readable.CheckpointsDocument);

    public static string Write(RolloutsDocument rollouts) => JsonSerializer.Serialize(rollouts, Readable.RolloutsDocument);

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

internal sealed record AuditDocument(
    string Run, bool Clean, long Steps, long Samples, long NextPosition, long Undecided, long AbandonedSteps, long? Checkpoint,
    IReadOnlyList<SkippedRange> Skipped, IReadOnlyList<string> Contradictions, SampleReads? Reads)
{
    public required long Redone { get; init; }

    public required IReadOnlyList<UnequalStep> Unequal { get; init; }

    /// <summary>Null for a run without rollouts.</summary>
    public RolloutAuditReport? Rollouts { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, IgnoreReadOnlyProperties = true,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(StatusDocument))]
[JsonSerializable(typeof(NodesDocument))]
[JsonSerializable(typeof(AuditDocument))]
[JsonSerializable(typeof(GoodputDocument))]
[JsonSerializable(typeof(CheckpointsDocument))]
[JsonSerializable(typeof(RolloutsDocument))]
[JsonSerializable(typeof(SkippedRange))]
internal sealed partial class ReportJsonContext : JsonSerializerContext;

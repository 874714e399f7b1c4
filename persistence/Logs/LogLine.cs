using System.Text.Json;
using System.Text.Json.Serialization;

namespace ActorTrain.Persistence.Logs;

/// <summary>The fields common to all lines of a log with branches; a line that opens a branch has no others.</summary>
internal record LogLine
{
    [JsonPropertyOrder(-9)]
    public DateTimeOffset? Time { get; init; }

    [JsonPropertyOrder(-8)]
    public int? Branch { get; init; }

    [JsonPropertyOrder(-7)]
    public int? Parent { get; init; }

    [JsonPropertyOrder(-6)]
    public BranchCause? Opened { get; init; }

    [JsonPropertyOrder(-5)]
    public long? Update { get; init; }

    [JsonPropertyOrder(-4)]
    public string? Writer { get; init; }

    [JsonPropertyOrder(-3)]
    public string? Decisions { get; init; }

    [JsonPropertyOrder(-2)]
    public string? Reason { get; init; }

    [JsonPropertyOrder(-1)]
    public required long Step { get; init; }

    public static byte[] Write(Branch branch) => JsonSerializer.SerializeToUtf8Bytes(
        new LogLine
        {
            Time = branch.Time,
            Branch = branch.Number,
            Parent = branch.Parent,
            Opened = branch.Cause,
            Update = branch.Update,
            Writer = branch.Writer,
            Reason = branch.Reason,
            Step = branch.After,
        },
        LogJson.Default.LogLine);

    /// <summary>Null if the line does not belong to the log.</summary>
    /// <param name="row">The line's other fields; null if they are not a row.</param>
    public LogEntry<TRow>? ToEntry<TRow>(TRow? row)
        where TRow : class
        => this switch
        {
            { Time: { } time, Branch: > 0 and { } branch, Parent: { } parent, Opened: { } cause, Update: { } update } and
            { Writer: { } writer, Reason: { } reason, Step: >= 0 } =>
                new LogEntry<TRow>(new Branch(branch, parent, Step, update, cause, reason, time, writer), null),
            { Opened: not null } => null,
            { Time: { } time, Branch: > 0 and { } branch, Update: { } update, Writer: { } writer } when row is not null =>
                new LogEntry<TRow>(null, new Stamped<TRow>(new RowStamp(time, branch, update, writer, Decisions), row)),
            { Time: null, Branch: null, Update: null, Writer: null } when row is not null =>
                new LogEntry<TRow>(null, new Stamped<TRow>(new RowStamp(default, 0, Step, ""), row)),
            _ => null,
        };
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(LogLine))]
internal sealed partial class LogJson : JsonSerializerContext;

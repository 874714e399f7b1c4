using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using ActorTrain.Actors.Tracing;
using ActorTrain.Models.Plan;

namespace ActorTrain.Host.Control;

/// <summary>The HTTP API of a run in training: all endpoints, for the server, the client and the schema in <c>docs/</c>.</summary>
internal static class ControlApi
{
    /// <summary>Longest request body, in bytes.</summary>
    public const int LongestBody = 4096;

    /// <summary>Longest response, in bytes: the largest possible actor tree fits.</summary>
    public const int LongestAnswer = 64 << 20;

    /// <summary>Limit of concurrent connections; further ones are closed without a response.</summary>
    public const int MaximumConnections = 32;

    /// <summary>Longest idle time of a connection.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Leaves quotation marks unescaped.</summary>
    public static readonly ControlJson Json =
        new(new JsonSerializerOptions(ControlJson.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    public static readonly ControlEndpoint<NoBody, StatusDocument> Status =
        new("GET", "status", Json.NoBody, Json.StatusDocument, new NoBody());
    public static readonly ControlEndpoint<RollbackBody, MessageDocument> Rollback =
        Post("rollback", Json.RollbackBody, new RollbackBody(1200, 200));
    public static readonly ControlEndpoint<SkipBody, MessageDocument> Skip = Post("skip", Json.SkipBody, new SkipBody(50));
    public static readonly ControlEndpoint<LearningRateBody, MessageDocument> LearningRate =
        Post("learning-rate", Json.LearningRateBody, new LearningRateBody(0.5));
    public static readonly ControlEndpoint<ExtendBody, MessageDocument> Extend = Post("extend", Json.ExtendBody, new ExtendBody(4000));
    public static readonly ControlEndpoint<TrainerBody, MessageDocument> Quarantine =
        Post("quarantine", Json.TrainerBody, new TrainerBody(1));
    public static readonly ControlEndpoint<TrainerBody, MessageDocument> Release = Post("release", Json.TrainerBody, new TrainerBody(1));
    public static readonly ControlEndpoint<NoBody, MessageDocument> Pause = Post("pause", Json.NoBody, new NoBody());
    public static readonly ControlEndpoint<NoBody, MessageDocument> Resume = Post("resume", Json.NoBody, new NoBody());
    public static readonly ControlEndpoint<ScaleBody, MessageDocument> Scale = Post("scale", Json.ScaleBody, new ScaleBody(3, 2));
    public static readonly ControlEndpoint<NoBody, MessageDocument> Reload = Post("reload", Json.NoBody, new NoBody());
    public static readonly ControlEndpoint<StopBody, MessageDocument> Stop = Post("stop", Json.StopBody, new StopBody("maintenance"));
    public static readonly ControlEndpoint<TraceBody, MessageDocument> BeginTrace = Post("trace", Json.TraceBody, new TraceBody(10));
    public static readonly ControlEndpoint<NoBody, TraceDocument> TakeTrace =
        new("GET", "trace", Json.NoBody, Json.TraceDocument, new NoBody());

    public static readonly ControlEndpoint<NoBody, NodesDocument> Nodes =
        new("GET", "nodes", Json.NoBody, Json.NodesDocument, new NoBody());

    public static readonly IReadOnlyList<ControlEndpoint> All =
    [
        Status, Nodes, Rollback, Skip, LearningRate, Extend, Quarantine, Release, Pause, Resume, Scale, Reload, Stop, BeginTrace, TakeTrace,
    ];

    private static ControlEndpoint<TBody, MessageDocument> Post<TBody>(string name, JsonTypeInfo<TBody> body, TBody example)
        where TBody : class => new("POST", name, body, Json.MessageDocument, example);
}

/// <summary>One method on one path, with its documents.</summary>
internal abstract class ControlEndpoint(string method, string name, JsonTypeInfo body, JsonTypeInfo answer)
{
    public string Method => method;

    public string Path { get; } = $"/v1/{name}";

    public JsonTypeInfo Body => body;

    public JsonTypeInfo Answer => answer;

    /// <summary>A request body, as JSON.</summary>
    public abstract string Example { get; }

    public override string ToString() => $"{Method} {Path}";
}

internal sealed class ControlEndpoint<TBody, TAnswer>(
    string method, string name, JsonTypeInfo<TBody> body, JsonTypeInfo<TAnswer> answer, TBody example)
    : ControlEndpoint(method, name, body, answer)
    where TBody : class
    where TAnswer : class
{
    public new JsonTypeInfo<TBody> Body => body;

    public new JsonTypeInfo<TAnswer> Answer => answer;

    public override string Example => JsonSerializer.Serialize(example, body);
}

/// <summary>The body may be absent, or <c>{}</c>.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record NoBody;

/// <param name="To">Updates to roll back to.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record RollbackBody(long To, long Skip = 0);

/// <param name="Batches">At least 1.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record SkipBody(long Batches);

/// <param name="Factor">Above 0.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record LearningRateBody(double Factor);

/// <param name="Steps">Total updates, more than at present.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ExtendBody(long Steps);

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record TrainerBody(int Trainer);

/// <param name="Trainers">At least 1, at most one per lane; null for as many as now.</param>
/// <param name="Rollouts">Workers that sample rollouts, at least 1; null for as many as now.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ScaleBody(int? Trainers = null, int? Rollouts = null);

/// <param name="Reason">On whose behalf, for the journal.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record StopBody(string? Reason = null);

/// <param name="Steps">Whole steps, at least 1; see <see cref="ControlBounds"/>.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record TraceBody(int Steps);

/// <param name="Trace">Null until all its steps are committed.</param>
internal sealed record TraceDocument(StepTrace? Trace);

internal sealed record MessageDocument(string Message);

/// <summary>A rejected request: problem details as in RFC 9457, with content type <c>application/problem+json</c>.</summary>
/// <param name="Detail">The problem and the fix, in one sentence.</param>
internal sealed record ProblemDocument(int Status, string Title, string Detail);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    AllowDuplicateProperties = false,
    IgnoreReadOnlyProperties = true,
    RespectRequiredConstructorParameters = true,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(NoBody))]
[JsonSerializable(typeof(RollbackBody))]
[JsonSerializable(typeof(SkipBody))]
[JsonSerializable(typeof(LearningRateBody))]
[JsonSerializable(typeof(ExtendBody))]
[JsonSerializable(typeof(TrainerBody))]
[JsonSerializable(typeof(ScaleBody))]
[JsonSerializable(typeof(StopBody))]
[JsonSerializable(typeof(TraceBody))]
[JsonSerializable(typeof(StatusDocument))]
[JsonSerializable(typeof(NodesDocument))]
[JsonSerializable(typeof(TraceDocument))]
[JsonSerializable(typeof(MessageDocument))]
[JsonSerializable(typeof(ProblemDocument))]
[JsonSerializable(typeof(SkippedRange))]
internal sealed partial class ControlJson : JsonSerializerContext;

using System.Text.Json;
using System.Text.Json.Serialization;
using ActorTrain.Actors.Tracing;

namespace ActorTrain.Host.Control;

/// <summary>One line to a run: what is asked of it.</summary>
/// <param name="Version">Version of the protocol.</param>
/// <param name="Command"><c>status</c>, <c>scale</c>, <c>stop</c>, <c>reload</c>, <c>trace</c>, or one of <see cref="OperatorRequests.Names"/>.</param>
/// <param name="Trainers">For <c>scale</c>: trainers wanted from now on.</param>
/// <param name="Reason">For <c>stop</c>: on whose behalf.</param>
internal sealed record ControlRequest(int Version, string Command, int? Trainers = null, string? Reason = null)
{
    /// <summary>For <c>rollback</c>: updates to go back to.</summary>
    public long? To { get; init; }

    /// <summary>For <c>rollback</c>: batches to leave out from there on.</summary>
    public long? Skip { get; init; }

    /// <summary>For <c>skip</c>: batches to leave out.</summary>
    public long? Batches { get; init; }

    /// <summary>For <c>lr</c>: the learning rate is multiplied by it.</summary>
    public double? Factor { get; init; }

    /// <summary>For <c>extend</c>: steps in all. For <c>trace</c>: steps to record from now on; absent: give what was recorded.</summary>
    public long? Steps { get; init; }

    /// <summary>For <c>quarantine</c> and <c>release</c>: a trainer's number.</summary>
    public int? Trainer { get; init; }

    /// <summary>For what an operator wants: who that is.</summary>
    public string? By { get; init; }

    public static ControlRequest TakeTrace { get; } = new(ControlProtocol.Version, "trace");

    public static ControlRequest Status { get; } = new(ControlProtocol.Version, "status");

    public static ControlRequest Reload { get; } = new(ControlProtocol.Version, "reload");

    public static ControlRequest Scale(int trainers) => new(ControlProtocol.Version, "scale", Trainers: trainers);

    public static ControlRequest BeginTrace(int steps) => new(ControlProtocol.Version, "trace") { Steps = steps };

    public static ControlRequest Stop(string reason) => new(ControlProtocol.Version, "stop", Reason: reason);
}

/// <summary>One line from a run.</summary>
/// <param name="Version">Version of the protocol.</param>
/// <param name="Ok">Whether it was done.</param>
/// <param name="Sentence">What was done, or why not.</param>
/// <param name="Status">For <c>status</c>: how the run stands.</param>
internal sealed record ControlAnswer(int Version, bool Ok, string Sentence, StatusDocument? Status = null)
{
    /// <summary>For <c>trace</c>: what was recorded; null until it is whole.</summary>
    public StepTrace? Trace { get; init; }

    public static ControlAnswer Done(string sentence, StatusDocument? status = null) => new(ControlProtocol.Version, true, sentence, status);

    public static ControlAnswer Refused(string sentence) => new(ControlProtocol.Version, false, sentence);
}

/// <summary>What both ends of the control socket agree on: one JSON object per line, a request and then its answer.</summary>
internal static class ControlProtocol
{
    /// <summary>Version of the protocol.</summary>
    public const int Version = 1;

    /// <summary>Longest request, in bytes, its line's end included.</summary>
    public const int MaximumRequest = 4096;

    /// <summary>Longest answer: a tree of the most trainers and reducers that the settings allow.</summary>
    public const int MaximumAnswer = 64 << 20;

    /// <summary>Connections at a time.</summary>
    public const int MaximumConnections = 8;

    /// <summary>So long a connection may say nothing, and a client waits.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static byte[] Write(ControlRequest request) => [.. JsonSerializer.SerializeToUtf8Bytes(request, ControlJson.Default.ControlRequest), (byte)'\n'];

    public static byte[] Write(ControlAnswer answer) => [.. JsonSerializer.SerializeToUtf8Bytes(answer, ControlJson.Default.ControlAnswer), (byte)'\n'];
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    RespectRequiredConstructorParameters = true,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(ControlRequest))]
[JsonSerializable(typeof(ControlAnswer))]
internal sealed partial class ControlJson : JsonSerializerContext;

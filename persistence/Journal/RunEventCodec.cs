using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using ActorTrain.Models;
using ActorTrain.Models.Plan;

namespace ActorTrain.Persistence.Journal;

/// <summary>Serializes decisions: JSON, with a manifest that names kind and version, such as <c>BatchVetoed/1</c>.</summary>
/// <remarks>The meaning of a version never changes: a new required field makes a new version, and old ones stay readable.</remarks>
public static class RunEventCodec
{
    private static readonly FrozenDictionary<string, JsonTypeInfo> Forms = new Dictionary<string, JsonTypeInfo>
    {
        ["RunStarted/1"] = RunEventJson.Default.RunStarted,
        ["RunResumed/1"] = RunEventJson.Default.RunResumed,
        ["TrainerJoined/1"] = RunEventJson.Default.TrainerJoined,
        ["TrainerLeft/1"] = RunEventJson.Default.TrainerLeft,
        ["TrainersScaled/1"] = RunEventJson.Default.TrainersScaled,
        ["RunRewound/1"] = RunEventJson.Default.RunRewound,
        ["ActorRestarted/1"] = RunEventJson.Default.ActorRestarted,
        ["BatchVetoed/1"] = RunEventJson.Default.BatchVetoed,
        ["SpikeJudged/1"] = RunEventJson.Default.SpikeJudged,
        ["StepReplayed/1"] = RunEventJson.Default.StepReplayed,
        ["CourseCorrected/1"] = RunEventJson.Default.CourseCorrected,
        ["RunExtended/1"] = RunEventJson.Default.RunExtended,
        ["RunRolledBack/1"] = RunEventJson.Default.RunRolledBack,
        ["SpikeExplained/1"] = RunEventJson.Default.SpikeExplained,
        ["CorruptionFound/1"] = RunEventJson.Default.CorruptionFound,
        ["TrainerQuarantined/1"] = RunEventJson.Default.TrainerQuarantined,
        ["TrainerReleased/1"] = RunEventJson.Default.TrainerReleased,
        ["RunPaused/1"] = RunEventJson.Default.RunPaused,
        ["RunContinued/1"] = RunEventJson.Default.RunContinued,
        ["CheckpointProved/1"] = RunEventJson.Default.CheckpointProved,
        ["SaveIntervalChosen/1"] = RunEventJson.Default.SaveIntervalChosen,
        ["CheckpointCommitted/1"] = RunEventJson.Default.CheckpointCommitted,
        ["CheckpointLost/1"] = RunEventJson.Default.CheckpointLost,
        ["RunStopped/1"] = RunEventJson.Default.RunStopped,
        ["RunFinished/1"] = RunEventJson.Default.RunFinished,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    // The newest version of each kind, which is written.
    private static readonly FrozenDictionary<Type, string> Newest = Forms
        .GroupBy(static form => form.Value.Type)
        .ToFrozenDictionary(static forms => forms.Key, static forms => forms.MaxBy(static form => VersionOf(form.Key)).Key);

    public static string ManifestOf(RunEvent decision)
    {
        return Newest.TryGetValue(decision.GetType(), out var manifest)
            ? manifest
            : throw new ArgumentException($"{decision.GetType().Name} has no journal format.", nameof(decision));
    }

    public static byte[] Write(RunEvent decision) => JsonSerializer.SerializeToUtf8Bytes(decision, Forms[ManifestOf(decision)]);

    /// <exception cref="UserErrorException">A newer version wrote it, or the bytes were altered.</exception>
    public static RunEvent Read(string manifest, ReadOnlySpan<byte> bytes, string subject = "A decision")
    {
        if (!Forms.TryGetValue(manifest, out var form))
            throw new UserErrorException($"{subject} has the unknown type \"{manifest}\"; "
                + $"use the newer version of actortrain that wrote it.");
        try
        {
            return (RunEvent?)JsonSerializer.Deserialize(bytes, form) ?? throw new JsonException("it is null");
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException)
        {
            throw new UserErrorException($"{subject} is corrupt ({manifest}: {exception.Message.TrimEnd('.')}); "
                + $"restore the database from a backup.", exception);
        }
    }

    private static int VersionOf(string manifest) =>
        int.Parse(manifest.AsSpan(manifest.IndexOf('/', StringComparison.Ordinal) + 1), provider: null);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    IgnoreReadOnlyProperties = true,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(RunStarted))]
[JsonSerializable(typeof(RunResumed))]
[JsonSerializable(typeof(TrainerJoined))]
[JsonSerializable(typeof(TrainerLeft))]
[JsonSerializable(typeof(TrainersScaled))]
[JsonSerializable(typeof(RunRewound))]
[JsonSerializable(typeof(ActorRestarted))]
[JsonSerializable(typeof(BatchVetoed))]
[JsonSerializable(typeof(SpikeJudged))]
[JsonSerializable(typeof(StepReplayed))]
[JsonSerializable(typeof(CourseCorrected))]
[JsonSerializable(typeof(RunExtended))]
[JsonSerializable(typeof(RunRolledBack))]
[JsonSerializable(typeof(SpikeExplained))]
[JsonSerializable(typeof(CorruptionFound))]
[JsonSerializable(typeof(TrainerQuarantined))]
[JsonSerializable(typeof(TrainerReleased))]
[JsonSerializable(typeof(RunPaused))]
[JsonSerializable(typeof(RunContinued))]
[JsonSerializable(typeof(CheckpointProved))]
[JsonSerializable(typeof(SaveIntervalChosen))]
[JsonSerializable(typeof(CheckpointCommitted))]
[JsonSerializable(typeof(CheckpointLost))]
[JsonSerializable(typeof(RunStopped))]
[JsonSerializable(typeof(RunFinished))]
[JsonSerializable(typeof(SkippedRange))]
internal sealed partial class RunEventJson : JsonSerializerContext;

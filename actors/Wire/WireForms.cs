using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Rollouts;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Wire;

/// <summary>How each message of the protocol is serialized between processes: JSON, under a manifest <c>kind:version</c>.</summary>
/// <remarks>A kind is never reused for another message. If older bytes of a changed message would be misread, it gets a new version; the
/// old one stays readable.</remarks>
internal static class WireForms
{
    private static readonly WireForm[] All =
    [
        Form("save-checkpoint", WireJson.Default.SaveCheckpoint),
        Form("mark-good", WireJson.Default.MarkGood),
        Form("checkpointer-started", WireJson.Default.CheckpointerStarted),
        Form("checkpoint-saved", WireJson.Default.CheckpointSaved),
        Form("checkpoint-failed", WireJson.Default.CheckpointFailed),
        Form("goodput-turn", WireJson.Default.GoodputTurn),
        Form("notice", WireJson.Default.Notice),
        Form("record-decision", WireJson.Default.RecordDecision),
        Form("read-decisions", WireJson.Default.ReadDecisions),
        Form("journal-recovered", WireJson.Default.JournalRecovered),
        Form("recorded", WireJson.Default.Recorded),
        Form("journal-away", WireJson.Default.JournalAway),
        Form("journal-unreadable", WireJson.Default.JournalUnreadable),
        Form("go-on-after", WireJson.Default.GoOnAfter),
        Form("rewind", WireJson.Default.Rewind),
        Form("publish", WireJson.Default.Publish),
        Form("flush-metrics", WireJson.Default.FlushMetrics),
        Form("publisher-started", WireJson.Default.PublisherStarted),
        Form("published", WireJson.Default.Published),
        Form("metrics-durable", WireJson.Default.MetricsDurable),
        Form("metrics-failed", WireJson.Default.MetricsFailed),
        Form("operator-request", WireJson.Default.OperatorRequest),
        Form("operator-answer", WireJson.Default.OperatorAnswer),
        Form("add-block", WireJson.Default.AddBlock),
        Form("reducer-started", WireJson.Default.ReducerStarted),
        Form("block-damaged", WireJson.Default.BlockDamaged),
        Form("shard-reduced", WireJson.Default.ShardReduced),
        Form("tick", WireJson.Default.Tick),
        Form("stop-run", WireJson.Default.StopRun),
        Form("scale-trainers", WireJson.Default.ScaleTrainers),
        Form("actor-given-up", WireJson.Default.ActorGivenUp),
        Form("actor-failed", WireJson.Default.ActorFailed),
        Form("run-ended", WireJson.Default.RunEnded),
        Form("judge-step", WireJson.Default.JudgeStep),
        Form("spike-detector-started", WireJson.Default.SpikeDetectorStarted),
        Form("step-judged", WireJson.Default.StepJudged),
        Form("get-status", WireJson.Default.GetStatus),
        Form("run-status", WireJson.Default.RunStatus),
        Form("load-state", WireJson.Default.LoadState),
        Form("compute-lanes", WireJson.Default.ComputeLanes),
        Form("recompute-block", WireJson.Default.RecomputeBlock),
        Form("preview-update", WireJson.Default.PreviewUpdate),
        Form("apply-update", WireJson.Default.ApplyUpdate),
        Form("copy-state", WireJson.Default.CopyState),
        Form("evaluate", WireJson.Default.Evaluate),
        Form("cancel-evaluation", WireJson.Default.CancelEvaluation),
        Form("state-loaded", WireJson.Default.StateLoaded),
        Form("state-refused", WireJson.Default.StateRefused),
        Form("lane-computed", WireJson.Default.LaneComputed),
        Form("block-computed", WireJson.Default.BlockComputed),
        Form("block-recomputed", WireJson.Default.BlockRecomputed),
        Form("update-previewed", WireJson.Default.UpdatePreviewed),
        Form("update-applied", WireJson.Default.UpdateApplied),
        Form("at-another-step", WireJson.Default.AtAnotherStep),
        Form("state-copied", WireJson.Default.StateCopied),
        Form("evaluation-progressed", WireJson.Default.EvaluationProgressed),
        Form("evaluated", WireJson.Default.Evaluated),
        Form("start-trainer", WireJson.Default.StartTrainer),
        Form("retire-trainer", WireJson.Default.RetireTrainer),
        Form("abandon-trainer", WireJson.Default.AbandonTrainer),
        Form("tell-trainer", WireJson.Default.TellTrainer),
        Form("trainer-supervisor-started", WireJson.Default.TrainerSupervisorStarted),
        Form("trainer-started", WireJson.Default.TrainerStarted),
        Form("trainer-lost", WireJson.Default.TrainerLost),
        Form("trainer-given-up", WireJson.Default.TrainerGivenUp),
        Form("prepare-experience", WireJson.Default.PrepareExperience),
        Form("rollouts-started", WireJson.Default.RolloutsStarted),
        Form("experience-prepared", WireJson.Default.ExperiencePrepared),
        Form("weights-refused", WireJson.Default.WeightsRefused),
        Form("rollouts-failed", WireJson.Default.RolloutsFailed),
        Form("worker-corrupted", WireJson.Default.WorkerCorrupted),
        Form("worker-lost", WireJson.Default.WorkerLost),
        Form("experience-progressed", WireJson.Default.ExperienceProgressed),
        Form("generate-rollouts", WireJson.Default.GenerateRollouts),
        Form("judge-rollouts", WireJson.Default.JudgeRollouts),
        Form("forget-rollouts", WireJson.Default.ForgetRollouts),
        Form("worker-progressed", WireJson.Default.WorkerProgressed),
        Form("rollout-done", WireJson.Default.RolloutDone),
        Form("rewards-scored", WireJson.Default.RewardsScored),
        Form("references-scored", WireJson.Default.ReferencesScored),
        Form("values-estimated", WireJson.Default.ValuesEstimated),
        Form("weights-missing", WireJson.Default.WeightsMissing),
        Form("keep-rollouts", WireJson.Default.KeepRollouts),
        Form("read-rollouts", WireJson.Default.ReadRollouts),
        Form("rollouts-kept", WireJson.Default.RolloutsKept),
        Form("rollouts-read", WireJson.Default.RolloutsRead),
        Form("ledger-failed", WireJson.Default.LedgerFailed),
    ];

    private static readonly Dictionary<string, WireForm> ByManifest =
        All.ToDictionary(static form => form.Manifest, StringComparer.Ordinal);

    // The newest version of each message is written.
    private static readonly Dictionary<Type, WireForm> ByType = All.GroupBy(static form => form.Json.Type)
        .ToDictionary(static forms => forms.Key, static forms => forms.Last());

    public static IReadOnlyCollection<Type> Types => ByType.Keys;

    /// <summary>All manifests that can be read.</summary>
    public static IReadOnlyCollection<string> Manifests => ByManifest.Keys;

    /// <summary>The form of a message; null if it is not part of the protocol.</summary>
    public static WireForm? Of(object message) => ByType.GetValueOrDefault(message.GetType());

    /// <summary>The form that a manifest names; null if a newer version wrote it.</summary>
    public static WireForm? Of(string manifest) => ByManifest.GetValueOrDefault(manifest);

    private static WireForm Form(string kind, JsonTypeInfo json, int version = 1) => new($"{kind}:{version}", json);
}

internal sealed record WireForm(string Manifest, JsonTypeInfo Json);

internal sealed class SkipListConverter : JsonConverter<SkipList>
{
    public override SkipList Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        SkipList.Of(JsonSerializer.Deserialize(ref reader, WireJson.Default.SkippedRangeArray) ?? throw new JsonException());

    public override void Write(Utf8JsonWriter writer, SkipList value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, [.. value.Ranges], WireJson.Default.SkippedRangeArray);
}

internal sealed class RunEventConverter : JsonConverter<RunEvent>
{
    public override RunEvent Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        return RunEventCodec.Read(document.RootElement.GetProperty("form").GetString() ?? "",
            JsonSerializer.SerializeToUtf8Bytes(document.RootElement.GetProperty("decision"), WireJson.Default.JsonElement));
    }

    public override void Write(Utf8JsonWriter writer, RunEvent value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        writer.WriteString("form", RunEventCodec.ManifestOf(value));
        writer.WritePropertyName("decision");
        writer.WriteRawValue(RunEventCodec.Write(value));
        writer.WriteEndObject();
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    IgnoreReadOnlyProperties = true,
    IncludeFields = true,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    UseStringEnumConverter = true,
    Converters = [typeof(SkipListConverter), typeof(RunEventConverter)])]
[JsonSerializable(typeof(SaveCheckpoint))]
[JsonSerializable(typeof(MarkGood))]
[JsonSerializable(typeof(CheckpointerStarted))]
[JsonSerializable(typeof(CheckpointSaved))]
[JsonSerializable(typeof(CheckpointFailed))]
[JsonSerializable(typeof(GoodputTurn))]
[JsonSerializable(typeof(Notice))]
[JsonSerializable(typeof(RecordDecision))]
[JsonSerializable(typeof(ReadDecisions))]
[JsonSerializable(typeof(JournalRecovered))]
[JsonSerializable(typeof(Recorded))]
[JsonSerializable(typeof(JournalAway))]
[JsonSerializable(typeof(JournalUnreadable))]
[JsonSerializable(typeof(GoOnAfter))]
[JsonSerializable(typeof(Rewind))]
[JsonSerializable(typeof(Publish))]
[JsonSerializable(typeof(FlushMetrics))]
[JsonSerializable(typeof(PublisherStarted))]
[JsonSerializable(typeof(Published))]
[JsonSerializable(typeof(MetricsDurable))]
[JsonSerializable(typeof(MetricsFailed))]
[JsonSerializable(typeof(OperatorRequest))]
[JsonSerializable(typeof(OperatorAnswer))]
[JsonSerializable(typeof(AddBlock))]
[JsonSerializable(typeof(ReducerStarted))]
[JsonSerializable(typeof(BlockDamaged))]
[JsonSerializable(typeof(ShardReduced))]
[JsonSerializable(typeof(Tick))]
[JsonSerializable(typeof(StopRun))]
[JsonSerializable(typeof(ScaleTrainers))]
[JsonSerializable(typeof(ActorGivenUp))]
[JsonSerializable(typeof(ActorFailed))]
[JsonSerializable(typeof(RunEnded))]
[JsonSerializable(typeof(JudgeStep))]
[JsonSerializable(typeof(SpikeDetectorStarted))]
[JsonSerializable(typeof(StepJudged))]
[JsonSerializable(typeof(GetStatus))]
[JsonSerializable(typeof(RunStatus))]
[JsonSerializable(typeof(LoadState))]
[JsonSerializable(typeof(ComputeLanes))]
[JsonSerializable(typeof(RecomputeBlock))]
[JsonSerializable(typeof(PreviewUpdate))]
[JsonSerializable(typeof(ApplyUpdate))]
[JsonSerializable(typeof(CopyState))]
[JsonSerializable(typeof(Evaluate))]
[JsonSerializable(typeof(CancelEvaluation))]
[JsonSerializable(typeof(StateLoaded))]
[JsonSerializable(typeof(StateRefused))]
[JsonSerializable(typeof(LaneComputed))]
[JsonSerializable(typeof(BlockComputed))]
[JsonSerializable(typeof(BlockRecomputed))]
[JsonSerializable(typeof(UpdatePreviewed))]
[JsonSerializable(typeof(UpdateApplied))]
[JsonSerializable(typeof(AtAnotherStep))]
[JsonSerializable(typeof(StateCopied))]
[JsonSerializable(typeof(EvaluationProgressed))]
[JsonSerializable(typeof(Evaluated))]
[JsonSerializable(typeof(StartTrainer))]
[JsonSerializable(typeof(RetireTrainer))]
[JsonSerializable(typeof(AbandonTrainer))]
[JsonSerializable(typeof(TellTrainer))]
[JsonSerializable(typeof(TrainerSupervisorStarted))]
[JsonSerializable(typeof(TrainerStarted))]
[JsonSerializable(typeof(TrainerLost))]
[JsonSerializable(typeof(TrainerGivenUp))]
[JsonSerializable(typeof(PrepareExperience))]
[JsonSerializable(typeof(RolloutsStarted))]
[JsonSerializable(typeof(ExperiencePrepared))]
[JsonSerializable(typeof(WeightsRefused))]
[JsonSerializable(typeof(RolloutsFailed))]
[JsonSerializable(typeof(WorkerCorrupted))]
[JsonSerializable(typeof(WorkerLost))]
[JsonSerializable(typeof(ExperienceProgressed))]
[JsonSerializable(typeof(GenerateRollouts))]
[JsonSerializable(typeof(JudgeRollouts))]
[JsonSerializable(typeof(ForgetRollouts))]
[JsonSerializable(typeof(WorkerProgressed))]
[JsonSerializable(typeof(RolloutDone))]
[JsonSerializable(typeof(RewardsScored))]
[JsonSerializable(typeof(ReferencesScored))]
[JsonSerializable(typeof(ValuesEstimated))]
[JsonSerializable(typeof(WeightsMissing))]
[JsonSerializable(typeof(KeepRollouts))]
[JsonSerializable(typeof(ReadRollouts))]
[JsonSerializable(typeof(RolloutsKept))]
[JsonSerializable(typeof(RolloutsRead))]
[JsonSerializable(typeof(LedgerFailed))]
[JsonSerializable(typeof(int))]
[JsonSerializable(typeof(float))]
[JsonSerializable(typeof(double))]
[JsonSerializable(typeof(double?))]
[JsonSerializable(typeof(EquatableArray<float>))]
[JsonSerializable(typeof(Rollout))]
[JsonSerializable(typeof(RolloutScore))]
[JsonSerializable(typeof(ScoredRollout))]
[JsonSerializable(typeof(RolloutGroup))]
[JsonSerializable(typeof(SkippedRange[]))]
[JsonSerializable(typeof(JsonElement))]
internal sealed partial class WireJson : JsonSerializerContext;

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
        Form<SaveCheckpoint>("save-checkpoint"),
        Form<MarkGood>("mark-good"),
        Form<CheckpointerStarted>("checkpointer-started"),
        Form<CheckpointSaved>("checkpoint-saved"),
        Form<CheckpointFailed>("checkpoint-failed"),
        Form<GoodputTurn>("goodput-turn"),
        Form<Notice>("notice"),
        Form<RecordDecision>("record-decision"),
        Form<ReadDecisions>("read-decisions"),
        Form<JournalRecovered>("journal-recovered"),
        Form<Recorded>("recorded"),
        Form<JournalAway>("journal-away"),
        Form<JournalUnreadable>("journal-unreadable"),
        Form<RunSuperseded>("run-superseded"),
        Form<GoOnAfter>("go-on-after"),
        Form<Rewind>("rewind"),
        Form<Publish>("publish"),
        Form<FlushMetrics>("flush-metrics"),
        Form<PublisherStarted>("publisher-started"),
        Form<Published>("published"),
        Form<MetricsDurable>("metrics-durable"),
        Form<MetricsFailed>("metrics-failed"),
        Form<OperatorRequest>("operator-request"),
        Form<OperatorAnswer>("operator-answer"),
        Form<AddBlock>("add-block"),
        Form<ReducerStarted>("reducer-started"),
        Form<BlockDamaged>("block-damaged"),
        Form<ShardReduced>("shard-reduced"),
        Form<Tick>("tick"),
        Form<StopRun>("stop-run"),
        Form<ScaleTrainers>("scale-trainers"),
        Form<ActorGivenUp>("actor-given-up"),
        Form<ActorFailed>("actor-failed"),
        Form<RunEnded>("run-ended"),
        Form<JudgeStep>("judge-step"),
        Form<SpikeDetectorStarted>("spike-detector-started"),
        Form<StepJudged>("step-judged"),
        Form<GetStatus>("get-status"),
        Form<RunStatus>("run-status"),
        Form<LoadState>("load-state"),
        Form<ComputeLanes>("compute-lanes"),
        Form<RecomputeBlock>("recompute-block"),
        Form<PreviewUpdate>("preview-update"),
        Form<UpdateShards>("update-shards"),
        Form<ApplyUpdate>("apply-update"),
        Form<CopyState>("copy-state"),
        Form<Evaluate>("evaluate"),
        Form<CancelEvaluation>("cancel-evaluation"),
        Form<StateLoaded>("state-loaded"),
        Form<StateRefused>("state-refused"),
        Form<LaneComputed>("lane-computed"),
        Form<BlockComputed>("block-computed"),
        Form<BlockRecomputed>("block-recomputed"),
        Form<UpdatePreviewed>("update-previewed"),
        Form<ShardsUpdated>("shards-updated"),
        Form<UpdateApplied>("update-applied"),
        Form<AtAnotherStep>("at-another-step"),
        Form<StateCopied>("state-copied"),
        Form<EvaluationProgressed>("evaluation-progressed"),
        Form<Evaluated>("evaluated"),
        Form<StartTrainer>("start-trainer"),
        Form<RetireTrainer>("retire-trainer"),
        Form<RetireOthers>("retire-others"),
        Form<AbandonTrainer>("abandon-trainer"),
        Form<TellTrainer>("tell-trainer"),
        Form<TrainerSupervisorStarted>("trainer-supervisor-started"),
        Form<TrainerStarted>("trainer-started"),
        Form<TrainerLost>("trainer-lost"),
        Form<TrainerGivenUp>("trainer-given-up"),
        Form<TrainerUnplaced>("trainer-unplaced"),
        Form<PrepareExperience>("prepare-experience"),
        Form<ResizeSamplers>("resize-samplers"),
        Form<ScaleRollouts>("scale-rollouts"),
        Form<RolloutsStarted>("rollouts-started"),
        Form<ExperiencePrepared>("experience-prepared"),
        Form<WeightsRefused>("weights-refused"),
        Form<RolloutsFailed>("rollouts-failed"),
        Form<JudgeDelayed>("judge-delayed"),
        Form<LedgerDelayed>("ledger-delayed"),
        Form<WorkerCorrupted>("worker-corrupted"),
        Form<WorkerLost>("worker-lost"),
        Form<ExperienceProgressed>("experience-progressed"),
        Form<GenerateRollouts>("generate-rollouts"),
        Form<JudgeRollouts>("judge-rollouts"),
        Form<ForgetRollouts>("forget-rollouts"),
        Form<WorkerProgressed>("worker-progressed"),
        Form<RolloutDone>("rollout-done"),
        Form<RewardsScored>("rewards-scored"),
        Form<ScoringFailed>("scoring-failed"),
        Form<ScoringDelayed>("scoring-delayed"),
        Form<ReferencesScored>("references-scored"),
        Form<ValuesEstimated>("values-estimated"),
        Form<WeightsMissing>("weights-missing"),
        Form<KeepRollouts>("keep-rollouts"),
        Form<ReadRollouts>("read-rollouts"),
        Form<RolloutsKept>("rollouts-kept"),
        Form<RolloutsRead>("rollouts-read"),
        Form<LedgerFailed>("ledger-failed"),
        Form<NodeHello>("node-hello"),
        Form<NodeHeartbeat>("node-heartbeat"),
        Form<NodeLeaves>("node-leaves"),
        Form<NodeFailed>("node-failed"),
        Form<LifeFailed>("life-failed"),
        Form<InspectRun>("inspect-run"),
        Form<NodeAdmitted>("node-admitted"),
        Form<NodeParked>("node-parked"),
        Form<NodeRefused>("node-refused"),
        Form<LeaseRenewed>("lease-renewed"),
        Form<LeaseEnded>("lease-ended"),
        Form<StartLife>("start-life"),
        Form<TellLife>("tell-life"),
        Form<StartWorkerLife>("start-worker-life"),
        Form<TellWorkerLife>("tell-worker-life"),
        Form<StopLife>("stop-life"),
        Form<CopyRetained>("copy-retained"),
        Form<RetainedCopied>("retained-copied"),
        Form<GetNodes>("get-nodes"),
        Form<NodesStatus>("nodes-status"),
    ];

    private static readonly Dictionary<string, WireForm> ByManifest =
        All.ToDictionary(static form => form.Manifest, StringComparer.Ordinal);

    // The newest version of each message is written.
    private static readonly Dictionary<Type, WireForm> ByType = All.GroupBy(static form => form.Type)
        .ToDictionary(static forms => forms.Key, static forms => forms.Last());

    public static IReadOnlyCollection<Type> Types => ByType.Keys;

    /// <summary>All manifests that can be read.</summary>
    public static IReadOnlyCollection<string> Manifests => ByManifest.Keys;

    /// <summary>The form of a message; null if it is not part of the protocol.</summary>
    public static WireForm? Of(object message) => ByType.GetValueOrDefault(message.GetType());

    /// <summary>The form that a manifest names; null if a newer version wrote it.</summary>
    public static WireForm? Of(string manifest) => ByManifest.GetValueOrDefault(manifest);

    private static WireForm Form<T>(string kind, int version = 1) => new($"{kind}:{version}", typeof(T));
}

internal sealed record WireForm(string Manifest, Type Type)
{
    // Made when the first message is sent to another process: that of all messages takes a second of the start, and one process needs none.
    public JsonTypeInfo Json => WireJson.Default.GetTypeInfo(Type)
        ?? throw new InvalidOperationException($"WireJson lacks {Type}.");
}

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
[JsonSerializable(typeof(RunSuperseded))]
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
[JsonSerializable(typeof(UpdateShards))]
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
[JsonSerializable(typeof(ShardsUpdated))]
[JsonSerializable(typeof(UpdateApplied))]
[JsonSerializable(typeof(AtAnotherStep))]
[JsonSerializable(typeof(StateCopied))]
[JsonSerializable(typeof(EvaluationProgressed))]
[JsonSerializable(typeof(Evaluated))]
[JsonSerializable(typeof(StartTrainer))]
[JsonSerializable(typeof(RetireTrainer))]
[JsonSerializable(typeof(RetireOthers))]
[JsonSerializable(typeof(AbandonTrainer))]
[JsonSerializable(typeof(TellTrainer))]
[JsonSerializable(typeof(TrainerSupervisorStarted))]
[JsonSerializable(typeof(TrainerStarted))]
[JsonSerializable(typeof(TrainerLost))]
[JsonSerializable(typeof(TrainerGivenUp))]
[JsonSerializable(typeof(TrainerUnplaced))]
[JsonSerializable(typeof(PrepareExperience))]
[JsonSerializable(typeof(ResizeSamplers))]
[JsonSerializable(typeof(ScaleRollouts))]
[JsonSerializable(typeof(RolloutsStarted))]
[JsonSerializable(typeof(ExperiencePrepared))]
[JsonSerializable(typeof(WeightsRefused))]
[JsonSerializable(typeof(RolloutsFailed))]
[JsonSerializable(typeof(JudgeDelayed))]
[JsonSerializable(typeof(LedgerDelayed))]
[JsonSerializable(typeof(WorkerCorrupted))]
[JsonSerializable(typeof(WorkerLost))]
[JsonSerializable(typeof(ExperienceProgressed))]
[JsonSerializable(typeof(GenerateRollouts))]
[JsonSerializable(typeof(JudgeRollouts))]
[JsonSerializable(typeof(ForgetRollouts))]
[JsonSerializable(typeof(WorkerProgressed))]
[JsonSerializable(typeof(RolloutDone))]
[JsonSerializable(typeof(RewardsScored))]
[JsonSerializable(typeof(ScoringFailed))]
[JsonSerializable(typeof(ScoringDelayed))]
[JsonSerializable(typeof(ReferencesScored))]
[JsonSerializable(typeof(ValuesEstimated))]
[JsonSerializable(typeof(WeightsMissing))]
[JsonSerializable(typeof(KeepRollouts))]
[JsonSerializable(typeof(ReadRollouts))]
[JsonSerializable(typeof(RolloutsKept))]
[JsonSerializable(typeof(RolloutsRead))]
[JsonSerializable(typeof(LedgerFailed))]
[JsonSerializable(typeof(NodeHello))]
[JsonSerializable(typeof(NodeHeartbeat))]
[JsonSerializable(typeof(NodeLeaves))]
[JsonSerializable(typeof(NodeFailed))]
[JsonSerializable(typeof(LifeFailed))]
[JsonSerializable(typeof(InspectRun))]
[JsonSerializable(typeof(NodeAdmitted))]
[JsonSerializable(typeof(NodeParked))]
[JsonSerializable(typeof(NodeRefused))]
[JsonSerializable(typeof(LeaseRenewed))]
[JsonSerializable(typeof(LeaseEnded))]
[JsonSerializable(typeof(StartLife))]
[JsonSerializable(typeof(TellLife))]
[JsonSerializable(typeof(StartWorkerLife))]
[JsonSerializable(typeof(TellWorkerLife))]
[JsonSerializable(typeof(StopLife))]
[JsonSerializable(typeof(CopyRetained))]
[JsonSerializable(typeof(RetainedCopied))]
[JsonSerializable(typeof(GetNodes))]
[JsonSerializable(typeof(NodesStatus))]
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

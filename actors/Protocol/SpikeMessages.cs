using System.Text.Json.Serialization;
using ActorTrain.Models;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.PostTraining.Policies;
using ActorTrain.Models.Rollouts;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Protocol;

/// <summary>What is known of a step before its update is applied; the bits do not depend on who computed it.</summary>
public sealed record StepSignals
{
    /// <summary>Updates before it.</summary>
    public required long Step { get; init; }

    /// <summary>Mean loss of the global batch, nats per token.</summary>
    public required double Loss { get; init; }

    /// <summary>Mean loss of each lane, nats per token.</summary>
    public EquatableArray<double> LaneLosses { get; init; } = [];

    /// <summary>Global L2 norm of the gradient, before clipping.</summary>
    public required double GradientNorm { get; init; }

    /// <summary>L2 norm of the gradient of each tensor, in layout order; empty if not measured.</summary>
    public EquatableArray<double> TensorNorms { get; init; } = [];

    /// <summary>L2 norm of the gradient of the token embedding and any learned positions; null if not measured.</summary>
    public double? EmbeddingNorm { get; init; }

    /// <summary>L2 norm of the gradient of each transformer block, in order; empty if not measured.</summary>
    public EquatableArray<double> BlockNorms { get; init; } = [];

    /// <summary>L2 norm of the update by schedule and options alone, without adjustments by rules, ladder and operators; null if not
    /// measured.</summary>
    public double? UpdateNorm { get; init; }

    /// <summary>NaN or infinite elements of the gradient.</summary>
    public long NonFinite { get; init; }

    /// <summary>Targets of the global batch.</summary>
    public long Tokens { get; init; }

    /// <summary>Figures of the rollouts that it is trained on; null without rollouts.</summary>
    public RolloutSummary? Rollouts { get; init; }

    /// <summary>How far the policy has moved from the one that sampled; null without rollouts.</summary>
    public PolicyFigures? Policy { get; init; }
}

/// <summary>The response that a rule requests, from mildest to most severe.</summary>
public enum SpikeAnswer
{
    Accept,

    /// <summary>Apply the update with a smaller gradient.</summary>
    Clip,

    /// <summary>Do not apply the update, and skip its batch.</summary>
    Veto,

    /// <summary>Roll back to before the onset, and skip the batches since.</summary>
    RollBack,
}

/// <param name="Signal">Such as "loss".</param>
/// <param name="Onset">The first affected step, counted from 0: this one, or an earlier one.</param>
public sealed record Finding(string Rule, string Signal, double Value, double Limit, long Onset, SpikeAnswer Answer, string Evidence);

/// <summary>The combined opinion of all rules on a step.</summary>
/// <param name="Finding">The most severe finding; null if there is none.</param>
/// <param name="Adjustment">What milder rules do to the update, if it is applied.</param>
/// <param name="IfApplied">The rules' memory if the update is applied.</param>
/// <param name="IfVetoed">The rules' memory if it is vetoed.</param>
public sealed record Judgement(
    Finding? Finding,
    UpdateAdjustment Adjustment,
    SpikeMemory IfApplied,
    [property: JsonPropertyName("ifLeftOut")] SpikeMemory IfVetoed);

/// <summary>Requests a judgement; answered by <see cref="StepJudged"/>. It contains everything that the answer depends on, so it may arrive
/// twice, or in another life of the detector.</summary>
/// <param name="Memory">The rules' memory of earlier steps.</param>
public sealed record JudgeStep(Round Round, StepSignals Signals, SpikeMemory Memory);

public abstract record SpikeReport : IRunInput;

/// <summary>Sent at the start of each life.</summary>
public sealed record SpikeDetectorStarted : SpikeReport;

public sealed record StepJudged(Round Round, Judgement Judgement) : SpikeReport;

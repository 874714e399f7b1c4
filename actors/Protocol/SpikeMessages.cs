using System.Text.Json.Serialization;
using ActorTrain.Models;
using ActorTrain.Models.Optimization;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Protocol;

/// <summary>What is known of a step before its update is applied: the same bits whoever computed it.</summary>
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

    /// <summary>L2 norm of the gradient of each tensor, in the order of the layout; empty where it was not measured.</summary>
    public EquatableArray<double> TensorNorms { get; init; } = [];

    /// <summary>L2 norm of the gradient of the token embedding and, where there are any, learned positions; null where it was not
    /// measured.</summary>
    public double? EmbeddingNorm { get; init; }

    /// <summary>L2 norm of the gradient of each transformer block, in order; empty where it was not measured.</summary>
    public EquatableArray<double> BlockNorms { get; init; } = [];

    /// <summary>L2 norm of what the step is about to add to the weights as schedule and options have it, without what rules, the ladder and
    /// operators do to it on purpose; null where it was not measured.</summary>
    public double? UpdateNorm { get; init; }

    /// <summary>Elements of the gradient that are no numbers.</summary>
    public long NonFinite { get; init; }

    /// <summary>Targets of the global batch.</summary>
    public long Tokens { get; init; }
}

/// <summary>What a rule asks for, from the mildest to the sharpest.</summary>
public enum SpikeAnswer
{
    /// <summary>Nothing.</summary>
    Accept,

    /// <summary>Apply the update with a smaller gradient.</summary>
    Clip,

    /// <summary>Do not apply the update, and leave its batch out.</summary>
    Veto,

    /// <summary>Go back to before the onset, and skip the batches since.</summary>
    RollBack,
}

/// <summary>What a rule found in a step.</summary>
/// <param name="Signal">What it looked at, such as "loss".</param>
/// <param name="Onset">The first step, counted from 0, that shows it: this one, or an earlier one.</param>
public sealed record Finding(string Rule, string Signal, double Value, double Limit, long Onset, SpikeAnswer Answer, string Evidence);

/// <summary>What all rules together say of a step.</summary>
/// <param name="Finding">The sharpest finding; null when there is none.</param>
/// <param name="Adjustment">What milder rules do to the update, should it be applied.</param>
/// <param name="IfApplied">What the rules remember when the update is applied.</param>
/// <param name="IfVetoed">What they remember when it is not.</param>
public sealed record Judgement(
    Finding? Finding,
    UpdateAdjustment Adjustment,
    SpikeMemory IfApplied,
    [property: JsonPropertyName("ifLeftOut")] SpikeMemory IfVetoed);

/// <summary>Judge a step; answered by <see cref="StepJudged"/>. All that the answer depends on is in it, so it may come twice, and to
/// another life of the detector.</summary>
/// <param name="Memory">What the rules remember of the steps before.</param>
public sealed record JudgeStep(Round Round, StepSignals Signals, SpikeMemory Memory);

/// <summary>What the spike detector says.</summary>
public abstract record SpikeReport : IRunInput;

/// <summary>It lives, and has been asked nothing.</summary>
public sealed record SpikeDetectorStarted : SpikeReport;

public sealed record StepJudged(Round Round, Judgement Judgement) : SpikeReport;

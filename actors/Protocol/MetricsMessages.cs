using System.Text.Json.Serialization;
using ActorTrain.Models.PostTraining.Policies;
using ActorTrain.Models.Rollouts;

namespace ActorTrain.Actors.Protocol;

/// <summary>A record of a step or of an evaluation.</summary>
/// <param name="Step">Updates so far, this one included.</param>
[JsonDerivedType(typeof(StepMeasurement), "step")]
[JsonDerivedType(typeof(EvaluationMeasurement), "evaluation")]
public abstract record Measurement(long Step);

/// <summary>A committed step.</summary>
/// <param name="Step">Updates so far, this one included.</param>
/// <param name="Loss">Mean loss of the global batch, nats per token.</param>
/// <param name="GradientNorm">Global L2 norm before clipping.</param>
/// <param name="Elapsed">Since the previous commit, or the beginning.</param>
/// <param name="Positions">Positions of the sample stream that were read, in lane order.</param>
public sealed record StepMeasurement(long Step, double Loss, double GradientNorm, TimeSpan Elapsed, IReadOnlyList<long> Positions)
    : Measurement(Step)
{
    public double LearningRate { get; init; }

    /// <summary>Largest mean loss of a lane; null if unknown.</summary>
    public double? LaneLoss { get; init; }

    /// <summary>Norm of the embedding's gradient; null if not measured.</summary>
    public double? EmbeddingNorm { get; init; }

    /// <summary>Largest gradient norm of a block; null if not measured.</summary>
    public double? BlockNorm { get; init; }

    /// <summary>Norm of the previewed update; null if not previewed.</summary>
    public double? UpdateNorm { get; init; }

    /// <summary>Figures of the rollouts that it was trained on; null without rollouts.</summary>
    public RolloutSummary? Rollouts { get; init; }

    /// <summary>How far the policy has moved from the one that sampled them; null without rollouts.</summary>
    public PolicyFigures? Policy { get; init; }

    /// <summary>A hash of the interventions in force.</summary>
    public string? Decisions { get; init; }
}

/// <param name="Loss">On the validation split: nats per token, or the mean loss of pairs.</param>
public sealed record EvaluationMeasurement(long Step, double Loss, double Perplexity, double BitsPerByte) : Measurement(Step)
{
    /// <summary>The share of preference pairs that the model orders rightly; null for text.</summary>
    public double? Accuracy { get; init; }
}

public abstract record MetricsCommand;

/// <summary>Tells a publisher that has just started where to continue: everything up to a number is in the file. Rows of later steps are
/// abandoned by opening a new branch. An evaluation of this step is skipped if the file has it. Other lives ignore it.</summary>
/// <param name="Life">The life that sent <see cref="PublisherStarted"/>.</param>
/// <param name="Step">Updates so far.</param>
public sealed record GoOnAfter(long Life, long Number, long Step) : MetricsCommand;

/// <summary>Later steps are about to be redone, on a new branch. Numbered like measurements.</summary>
/// <param name="Step">Updates so far.</param>
public sealed record Rewind(long Number, long Step) : MetricsCommand
{
    public string Reason { get; init; } = "";
}

/// <summary>Writes a measurement. Repeated numbers are only answered; numbers ahead of sequence are dropped, and resent later. A publisher
/// that does not know where to continue answers any command with <see cref="PublisherStarted"/>.</summary>
/// <param name="Number">Counts measurements and rewinds, without gaps.</param>
public sealed record Publish(long Number, Measurement Measurement) : MetricsCommand;

/// <summary>Makes everything up to a number durable; answered by <see cref="MetricsDurable"/>.</summary>
/// <param name="Number">The number of an earlier command.</param>
public sealed record FlushMetrics(long Number) : MetricsCommand;

public abstract record MetricsReport : IRunInput;

/// <summary>Sent by a new publisher that does not know the next number; answered by <see cref="GoOnAfter"/>.</summary>
/// <param name="Life">Distinguishes this life from all others.</param>
public sealed record PublisherStarted(long Life) : MetricsReport;

/// <summary>Everything up to a number is in the file.</summary>
public sealed record Published(long Life, long Number) : MetricsReport;

/// <summary>Everything up to a number survives a power cut.</summary>
public sealed record MetricsDurable(long Life, long Number) : MetricsReport;

/// <summary>A disk error; the run ends in order, since it does not continue without metrics.</summary>
public sealed record MetricsFailed(string Reason) : MetricsReport;

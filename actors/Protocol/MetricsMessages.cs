using System.Text.Json.Serialization;

namespace ActorTrain.Actors.Protocol;

/// <summary>What is to be remembered of a step, or of an evaluation. Steps count the updates taken so far, from 1.</summary>
/// <param name="Step">Updates so far.</param>
[JsonDerivedType(typeof(StepMeasurement), "step")]
[JsonDerivedType(typeof(EvaluationMeasurement), "evaluation")]
public abstract record Measurement(long Step);

/// <summary>A step that was committed.</summary>
/// <param name="Step">Updates so far.</param>
/// <param name="Loss">Mean loss of the global batch, nats per token.</param>
/// <param name="GradientNorm">Global L2 norm before clipping.</param>
/// <param name="Elapsed">From the previous commit, or the beginning, to this one.</param>
/// <param name="Positions">Positions of the sample stream that the trainers read, lane after lane.</param>
public sealed record StepMeasurement(long Step, double Loss, double GradientNorm, TimeSpan Elapsed, IReadOnlyList<long> Positions)
    : Measurement(Step)
{
    /// <summary>The learning rate of the update.</summary>
    public double LearningRate { get; init; }

    /// <summary>Largest mean loss of a lane; null where it is not known.</summary>
    public double? LaneLoss { get; init; }

    /// <summary>Norm of the embedding's gradient; null where it was not measured.</summary>
    public double? EmbeddingNorm { get; init; }

    /// <summary>Norm of the gradient of that block of which it is largest; null where it was not measured.</summary>
    public double? BlockNorm { get; init; }

    /// <summary>Norm of the update as it was previewed; null where it was not.</summary>
    public double? UpdateNorm { get; init; }

    /// <summary>What of the run's decisions it rests on: a hash of the interventions in force.</summary>
    public string? Decisions { get; init; }
}

/// <param name="Step">Updates so far.</param>
/// <param name="Loss">Nats per token on the validation split.</param>
public sealed record EvaluationMeasurement(long Step, double Loss, double Perplexity, double BitsPerByte) : Measurement(Step);

/// <summary>Commands of the metrics publisher.</summary>
public abstract record MetricsCommand;

/// <summary>Where a publisher that has just started stands: everything up to a number is in the file already. Rows of later steps are
/// abandoned: what follows is on a branch of its own. An evaluation of the step that it follows is passed over where the file has it. Only
/// the life that asked obeys.</summary>
/// <param name="Life">The life that said <see cref="PublisherStarted"/>.</param>
/// <param name="Step">Updates so far.</param>
public sealed record GoOnAfter(long Life, long Number, long Step) : MetricsCommand;

/// <summary>Later steps are about to be taken again: what follows is on a branch of its own; numbered as measurements are.</summary>
/// <param name="Step">Updates so far.</param>
public sealed record Rewind(long Number, long Step) : MetricsCommand
{
    public string Reason { get; init; } = "";
}

/// <summary>Remember a measurement. One whose number came before is only answered; one that comes too early is dropped, and will be asked
/// for again; a publisher that was not yet told where it stands answers <see cref="PublisherStarted"/>, to any command.</summary>
/// <param name="Number">Counts measurements and rewinds, without a gap.</param>
public sealed record Publish(long Number, Measurement Measurement) : MetricsCommand;

/// <summary>Make everything up to a number durable; answered by <see cref="MetricsDurable"/>.</summary>
/// <param name="Number">The number of a command that came before.</param>
public sealed record FlushMetrics(long Number) : MetricsCommand;

/// <summary>What the publisher of metrics says.</summary>
public abstract record MetricsReport : IRunInput;

/// <summary>It lives, and does not know which number to expect: the run answers with <see cref="GoOnAfter"/>.</summary>
/// <param name="Life">Tells this life of it from all others.</param>
public sealed record PublisherStarted(long Life) : MetricsReport;

/// <summary>Everything up to a number is in the file.</summary>
/// <param name="Number">The number of the last command obeyed.</param>
public sealed record Published(long Life, long Number) : MetricsReport;

/// <summary>Everything up to a number survives a power cut.</summary>
public sealed record MetricsDurable(long Life, long Number) : MetricsReport;

/// <summary>The disk refused; the run ends in order, since it does not continue without its metrics.</summary>
public sealed record MetricsFailed(string Reason) : MetricsReport;

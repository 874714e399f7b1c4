using ActorTrain.Actors.Run;

namespace ActorTrain.Actors.Metrics;

/// <summary>What is to be remembered of a step, or of an evaluation. Steps count the updates taken so far, from 1.</summary>
/// <param name="Step">Updates so far.</param>
public abstract record Measurement(long Step);

/// <summary>A step that was committed.</summary>
/// <param name="Step">Updates so far.</param>
/// <param name="Loss">Mean loss of the global batch, nats per token.</param>
/// <param name="GradientNorm">Global L2 norm before clipping.</param>
/// <param name="Elapsed">From the previous commit, or the beginning, to this one.</param>
/// <param name="Positions">Positions of the sample stream that the trainers read, lane after lane.</param>
public sealed record StepMeasurement(long Step, double Loss, double GradientNorm, TimeSpan Elapsed, IReadOnlyList<long> Positions) : Measurement(Step);

/// <summary>An evaluation.</summary>
/// <param name="Step">Updates so far.</param>
/// <param name="Loss">Nats per token on the held-out part.</param>
/// <param name="Perplexity">Its exponential.</param>
/// <param name="BitsPerByte">Bits per byte of text.</param>
public sealed record EvaluationMeasurement(long Step, double Loss, double Perplexity, double BitsPerByte) : Measurement(Step);

/// <summary>What the publisher of metrics is told.</summary>
public abstract record MetricsCommand;

/// <summary>Drop what is remembered of later steps, which are about to be taken again. A publisher that has just started takes any number, and
/// from then on expects the one that follows; a measurement of the last step kept that is in the file already is passed over.</summary>
/// <param name="Number">Its number in the same count as that of measurements.</param>
/// <param name="Step">Updates so far.</param>
public sealed record Rewind(long Number, long Step) : MetricsCommand;

/// <summary>Remember a measurement. One whose number came before is only answered; one that comes too early is dropped, and will be asked for
/// again; a publisher that was not yet told where it stands answers <see cref="PublisherStarted"/>.</summary>
/// <param name="Number">Counts measurements and rewinds, without a gap.</param>
/// <param name="Measurement">The measurement.</param>
public sealed record Publish(long Number, Measurement Measurement) : MetricsCommand;

/// <summary>Make everything up to a number durable; answered by <see cref="MetricsDurable"/>.</summary>
/// <param name="Number">The number of a command that came before.</param>
public sealed record FlushMetrics(long Number) : MetricsCommand;

/// <summary>What the publisher of metrics says.</summary>
public abstract record MetricsReport : IRunInput;

/// <summary>It lives, and does not know which number to expect: the run answers with a <see cref="Rewind"/>.</summary>
public sealed record PublisherStarted : MetricsReport;

/// <summary>Everything up to a number is in the file.</summary>
/// <param name="Number">The number of the last command obeyed.</param>
public sealed record Published(long Number) : MetricsReport;

/// <summary>Everything up to a number survives a power cut.</summary>
/// <param name="Number">The number.</param>
public sealed record MetricsDurable(long Number) : MetricsReport;

/// <summary>The disk refused; the run ends in order, since it does not go on without its metrics.</summary>
/// <param name="Reason">Why, in one sentence.</param>
public sealed record MetricsFailed(string Reason) : MetricsReport;

using ActorTrain.Actors.Protocol;
using ActorTrain.Models;

namespace ActorTrain.Actors.Metrics;

/// <summary>Which measurement comes next, in one life of the publisher: each is written once and in order, whatever is lost, repeated or
/// late.</summary>
/// <remarks>Not for two threads at once.</remarks>
/// <param name="life">Tells this life from all others, so that what was said to an earlier one takes nothing away.</param>
/// <param name="files">Where measurements go; owned.</param>
public sealed class MetricsLogic(long life, IMetricsFiles files) : IDisposable
{
    private long? expected;
    private long lastStep;

    /// <returns>The answer, or null where there is none.</returns>
    /// <exception cref="UserErrorException">The disk refused; nothing of the command is remembered.</exception>
    /// <exception cref="InvariantException">A step is missing.</exception>
    public MetricsReport? Handle(MetricsCommand command)
    {
        ArgumentNullException.ThrowIfNull(command);
        return (command, expected) switch
        {
            (GoOnAfter begin, null) when begin.Life == life => Open(begin),
            (_, null) => new PublisherStarted(life),
            (Rewind rewind, { } next) when rewind.Number == next => Rewind(rewind),
            (Publish publish, { } next) when publish.Number == next => Append(publish),
            (GoOnAfter begin, { } next) when begin.Life == life => new Published(life, next - 1),
            (Rewind { Number: var number }, { } next) when number < next => new Published(life, next - 1),
            (Publish { Number: var number }, { } next) when number < next => new Published(life, next - 1),
            (FlushMetrics flush, { } next) when flush.Number < next => Flush(flush),

            // Something before it was lost, and will come again, and this after it.
            _ => null,
        };
    }

    public void Dispose() => files.Dispose();

    private Published Open(GoOnAfter begin)
    {
        files.Open(begin.Step);
        return Complete(begin.Number, begin.Step);
    }

    private Published Rewind(Rewind rewind)
    {
        if (rewind.Step > lastStep)
            throw new InvariantException($"The metrics end at step {lastStep}, and are to be rewound to step {rewind.Step}.");
        files.Rewind(rewind.Step, rewind.Reason);
        return Complete(rewind.Number, rewind.Step);
    }

    private Published Append(Publish publish)
    {
        var (step, isStep) = (publish.Measurement.Step, publish.Measurement is StepMeasurement);
        if (step > lastStep + (isStep ? 1 : 0))
            throw new InvariantException($"Step {step} is measured, and the metrics end at step {lastStep}.");
        files.Append(publish.Measurement);
        return Complete(publish.Number, Math.Max(step, lastStep));
    }

    private Published Complete(long number, long step)
    {
        (expected, lastStep) = (number + 1, step);
        return new Published(life, number);
    }

    private MetricsDurable Flush(FlushMetrics flush)
    {
        files.Flush();
        return new MetricsDurable(life, flush.Number);
    }
}

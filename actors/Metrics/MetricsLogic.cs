using ActorTrain.Actors.Protocol;
using ActorTrain.Models;

namespace ActorTrain.Actors.Metrics;

/// <summary>Decides, in one life of the publisher, which measurement to write next: each once and in order, despite lost, repeated and late
/// commands. Not thread-safe.</summary>
/// <param name="life">Distinguishes this life, so that commands to an earlier one are ignored.</param>
/// <param name="files">Owned.</param>
public sealed class MetricsLogic(long life, IMetricsFiles files) : IDisposable
{
    private long? expected;
    private long lastStep;

    /// <returns>The answer; null if there is none.</returns>
    /// <exception cref="UserErrorException">A disk error; the command has no effect.</exception>
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

            // A command before it was lost; both will be resent.
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

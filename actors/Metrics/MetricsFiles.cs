using ActorTrain.Models;
using ActorTrain.Persistence.Ledger;
using ActorTrain.Persistence.Metrics;

namespace ActorTrain.Actors.Metrics;

/// <summary>The two files of a run that grow with every step, and the number of the next measurement for them.</summary>
/// <remarks>One object per life of the run, outliving the publisher that writes through it: a publisher that was restarted goes on where the one
/// before it broke off, so that a command which is stale by then can take nothing away. Not for two threads at once.</remarks>
/// <param name="options">Where, and from what.</param>
public sealed class MetricsFiles(MetricsOptions options) : IDisposable
{
    private static long lives;
    private MetricsLog? metrics;
    private SampleLedger? ledger;
    private long? expected;
    private long lastStep;
    private long lastEvaluation;
    private long lastSamples;

    /// <summary>Tells these files from those of any other life of the run in this process.</summary>
    public long Life { get; } = Interlocked.Increment(ref lives);

    /// <summary>Does what it is told.</summary>
    /// <returns>The answer, or null where there is none.</returns>
    /// <exception cref="UserErrorException">The disk refused; nothing of the command is remembered.</exception>
    public MetricsReport? Obey(MetricsCommand command)
    {
        ArgumentNullException.ThrowIfNull(command);
        return (command, expected) switch
        {
            (GoOnAfter start, null) when start.Life == Life => GoBack(start.Number, start.Step),
            (GoOnAfter, _) => null,
            (_, null) => new PublisherStarted(Life),
            (Rewind rewind, { } next) when rewind.Number == next => GoBack(rewind.Number, rewind.Step),
            (Publish publish, { } next) when publish.Number == next => Remember(publish),
            (Rewind { Number: var number }, { } next) when number < next => new Published(Life, next - 1),
            (Publish { Number: var number }, { } next) when number < next => new Published(Life, next - 1),
            (FlushMetrics flush, { } next) when flush.Number < next => Flush(flush),

            // Something before it was lost, and will come again, and this after it.
            _ => null,
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        metrics?.Dispose();
        ledger?.Dispose();
        (metrics, ledger, expected) = (null, null, null);
    }

    private Published GoBack(long number, long step)
    {
        Dispose();
        ledger = SampleLedger.Open(options.LedgerFile, step);
        metrics = MetricsLog.Open(options.MetricsFile, step);
        var rows = MetricsLog.Read(options.MetricsFile).ToArray();
        lastStep = rows.OfType<StepMetrics>().LastOrDefault()?.Step ?? 0;
        lastEvaluation = rows.OfType<EvaluationMetrics>().LastOrDefault()?.Step ?? -1;
        lastSamples = SampleLedger.Read(options.LedgerFile).LastOrDefault()?.Step ?? 0;
        expected = number + 1;
        return new Published(Life, number);
    }

    // What stands in a file already is passed over: it came from an earlier life of the run, or half of it was written before the disk refused.
    private Published Remember(Publish publish)
    {
        switch (publish.Measurement)
        {
            case StepMeasurement step:
                if (step.Step > lastSamples)
                {
                    ledger!.Append(new SampleRow(step.Step, step.Loss, SampleRange.Of(step.Positions)));
                    lastSamples = step.Step;
                }

                if (step.Step > lastStep)
                {
                    metrics!.Append(RowOf(step));
                    lastStep = step.Step;
                }

                break;
            case EvaluationMeasurement evaluation when evaluation.Step > lastEvaluation:
                metrics!.Append(new EvaluationMetrics(evaluation.Step, evaluation.Loss, evaluation.Perplexity, evaluation.BitsPerByte));
                lastEvaluation = evaluation.Step;
                break;
        }

        expected = publish.Number + 1;
        return new Published(Life, publish.Number);
    }

    private MetricsDurable Flush(FlushMetrics flush)
    {
        ledger!.Flush();
        metrics!.Flush();
        return new MetricsDurable(Life, flush.Number);
    }

    private StepMetrics RowOf(StepMeasurement step)
    {
        var seconds = step.Elapsed.TotalSeconds;
        var rate = options.TokensPerStep / seconds;
        return new StepMetrics(
            step.Step, step.Loss, step.GradientNorm, options.Schedule.At(step.Step - 1), step.Step * options.TokensPerStep, seconds, rate,
            100 * rate * options.FlopsPerToken / options.GemmRate);
    }
}

using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Persistence.Ledger;
using ActorTrain.Persistence.Metrics;

namespace ActorTrain.Actors.Metrics;

/// <summary>The two files of a run that grow with every step, and the number of the next measurement for them, in one life of their publisher.</summary>
/// <remarks>Not for two threads at once.</remarks>
/// <param name="options">Where, and from what.</param>
/// <param name="life">Tells this life from all others, so that what was said to an earlier one takes nothing away.</param>
public sealed class MetricsFiles(MetricsOptions options, long life) : IDisposable
{
    private MetricsLog? metrics;
    private SampleLedger? ledger;
    private long? expected;
    private long lastStep;
    private long lastEvaluation;
    private long lastSamples;

    /// <summary>Does what it is told.</summary>
    /// <returns>The answer, or null where there is none.</returns>
    /// <exception cref="UserErrorException">The disk refused; nothing of the command is remembered.</exception>
    public MetricsReport? Obey(MetricsCommand command)
    {
        ArgumentNullException.ThrowIfNull(command);
        return (command, expected) switch
        {
            (GoOnAfter begin, null) when begin.Life == life => GoBack(begin.Number, begin.Step),
            (_, null) => new PublisherStarted(life),
            (Rewind rewind, { } next) when rewind.Number == next => GoBack(rewind.Number, rewind.Step),
            (Publish publish, { } next) when publish.Number == next => Remember(publish),
            (GoOnAfter begin, { } next) when begin.Life == life => new Published(life, next - 1),
            (Rewind { Number: var number }, { } next) when number < next => new Published(life, next - 1),
            (Publish { Number: var number }, { } next) when number < next => new Published(life, next - 1),
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
        (metrics, ledger) = (null, null);
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
        return new Published(life, number);
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
        return new Published(life, publish.Number);
    }

    private MetricsDurable Flush(FlushMetrics flush)
    {
        ledger!.Flush();
        metrics!.Flush();
        return new MetricsDurable(life, flush.Number);
    }

    private StepMetrics RowOf(StepMeasurement step)
    {
        var seconds = step.Elapsed.TotalSeconds;
        var rate = options.TokensPerStep / seconds;
        return new StepMetrics(
            step.Step, step.Loss, step.GradientNorm, step.LearningRate, step.Step * options.TokensPerStep, seconds, rate,
            100 * rate * options.FlopsPerToken / options.GemmRate)
        {
            LaneLoss = step.LaneLoss,
            EmbeddingNorm = step.EmbeddingNorm,
            BlockNorm = step.BlockNorm,
            UpdateNorm = step.UpdateNorm,
        };
    }
}

using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Persistence.Ledger;
using ActorTrain.Persistence.Logs;
using ActorTrain.Persistence.Metrics;

namespace ActorTrain.Actors.Metrics;

/// <summary>The two files of a run that grow with every step, and the number of the next measurement for them, in one life of their publisher.</summary>
/// <remarks>Not for two threads at once.</remarks>
/// <param name="options">Where, and from what.</param>
/// <param name="life">Tells this life from all others, so that what was said to an earlier one takes nothing away.</param>
/// <param name="warn">Told in one sentence when a step came to other bits than before.</param>
public sealed class MetricsFiles(MetricsOptions options, long life, Func<DateTimeOffset> now, Action<string> warn) : IDisposable
{
    private MetricsLog? metrics;
    private SampleLedger? ledger;
    private long? expected;
    private bool isUnequalTold;

    /// <summary>Executes a command.</summary>
    /// <returns>The answer, or null where there is none.</returns>
    /// <exception cref="UserErrorException">The disk refused; nothing of the command is remembered.</exception>
    public MetricsReport? Obey(MetricsCommand command)
    {
        ArgumentNullException.ThrowIfNull(command);
        return (command, expected) switch
        {
            (GoOnAfter begin, null) when begin.Life == life => Open(begin.Number, begin.Step),
            (_, null) => new PublisherStarted(life),
            (Rewind rewind, { } next) when rewind.Number == next => GoBack(rewind),
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

    private Published Open(long number, long step)
    {
        Dispose();
        ledger = SampleLedger.Open(options.LedgerFile, step);
        metrics = MetricsLog.Open(options.MetricsFile, step);
        if (metrics.Newest.Number == 0 && metrics.Update == 0 && step == 0)
            Branch(step, BranchCause.Start, "Run started.");
        else if (metrics.Newest.Writer == options.Writer)
            Branch(step, BranchCause.Resume, "The metrics writer restarted.");
        else
            Branch(step, BranchCause.Resume, "Resumed by another process.");
        expected = number + 1;
        return new Published(life, number);
    }

    private Published GoBack(Rewind rewind)
    {
        Branch(rewind.Step, BranchCause.Rollback, rewind.Reason);
        expected = rewind.Number + 1;
        return new Published(life, rewind.Number);
    }

    // The branches of both files have the same numbers. One without rows is taken over, so that a process that restarts again and again
    // adds none.
    private void Branch(long after, BranchCause cause, string reason)
    {
        isUnequalTold = false;
        if (ledger!.Newest.Number == metrics!.Newest.Number && ledger.IsUntouched(after) && metrics.IsUntouched(after))
            return;
        var (number, time) = (Math.Max(ledger.Newest.Number, metrics.Newest.Number) + 1, now());
        ledger.OpenBranch(number, after, cause, reason, time, options.Writer);
        metrics.OpenBranch(number, after, cause, reason, time, options.Writer);
    }

    // What the line of a file has already is passed over: half of it was written before the disk refused, or an evaluation is of the step
    // that was kept.
    private Published Remember(Publish publish)
    {
        switch (publish.Measurement)
        {
            case StepMeasurement step:
                var (samples, row) = (new SampleRow(step.Step, step.Loss, SampleRange.Of(step.Positions)), RowOf(step));
                var stamp = Stamp(Math.Max(ledger!.Update, metrics!.Update) + (ledger.Holds(samples) ? 0 : 1), step.Decisions);
                if (!ledger.Holds(samples))
                    Tell(ledger.Append(samples, stamp), options.LedgerFile);
                if (!metrics.Holds(row))
                    Tell(metrics.Append(row, stamp), options.MetricsFile);
                break;
            case EvaluationMeasurement evaluation:
                var evaluated = new EvaluationMetrics(evaluation.Step, evaluation.Loss, evaluation.Perplexity, evaluation.BitsPerByte);
                if (!metrics!.Holds(evaluated))
                    metrics.Append(evaluated, Stamp(metrics.Update, null));
                break;
        }

        expected = publish.Number + 1;
        return new Published(life, publish.Number);
    }

    private RowStamp Stamp(long update, string? decisions) => new(now(), metrics!.Newest.Number, update, options.Writer, decisions);

    // Once weights differ, all later steps do: the first is logged, and the audit counts them.
    private void Tell(UnequalStep? unequal, string file)
    {
        if (unequal is null || isUnequalTold)
            return;
        isUnequalTold = true;
        warn($"{unequal} ({file}). The machine or a kernel is not deterministic; `actortrain audit` counts such steps.");
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

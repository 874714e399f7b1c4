using ActorTrain.Actors.Protocol;
using ActorTrain.Persistence.Ledger;
using ActorTrain.Persistence.Logs;
using ActorTrain.Persistence.Metrics;
using ActorTrain.Persistence.Terms;

namespace ActorTrain.Actors.Metrics;

/// <summary>The two files of a run that grow with every step. Not thread-safe.</summary>
/// <param name="warn">Receives one sentence when a redone step produced different bits.</param>
public sealed class MetricsFiles(MetricsOptions options, Func<DateTimeOffset> now, Action<string> warn) : IMetricsFiles
{
    private MetricsLog? metrics;
    private SampleLedger? ledger;
    private bool isUnequalTold;

    /// <summary>Under which they are written.</summary>
    public RunTerm Term { get; init; } = RunTerm.None;

    public void Dispose()
    {
        metrics?.Dispose();
        ledger?.Dispose();
        (metrics, ledger) = (null, null);
    }

    public void Open(long afterStep)
    {
        Term.Confirm();
        Dispose();
        ledger = SampleLedger.Open(options.LedgerFile, afterStep, Term);
        metrics = MetricsLog.Open(options.MetricsFile, afterStep, Term);
        if (metrics.Newest.Number == 0 && metrics.Update == 0 && afterStep == 0)
            Branch(afterStep, BranchCause.Start, "Run started.");
        else if (metrics.Newest.Writer == options.Writer)
            Branch(afterStep, BranchCause.Resume, "The writer of the metrics started again.");
        else
            Branch(afterStep, BranchCause.Resume, "Another process resumed the run.");
    }

    public void Rewind(long afterStep, string reason) => Branch(afterStep, BranchCause.Rollback, reason);

    public void Append(Measurement measurement)
    {
        Term.Confirm();

        // Rows that a file already has are skipped: the disk failed after half of them were written, or an evaluation is of the kept step.
        switch (measurement)
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
                var evaluated = new EvaluationMetrics(evaluation.Step, evaluation.Loss, evaluation.Perplexity, evaluation.BitsPerByte)
                {
                    Accuracy = evaluation.Accuracy,
                };
                if (!metrics!.Holds(evaluated))
                    metrics.Append(evaluated, Stamp(metrics.Update, null));
                break;
        }
    }

    public void Flush()
    {
        ledger!.Flush();
        metrics!.Flush();
    }

    // The branches of both files have the same numbers. A branch without rows is reused, so that repeated restarts add none.
    private void Branch(long after, BranchCause cause, string reason)
    {
        isUnequalTold = false;
        if (ledger!.Newest.Number == metrics!.Newest.Number && ledger.IsUntouched(after) && metrics.IsUntouched(after))
            return;
        Term.Confirm();
        var (number, time) = (Math.Max(ledger.Newest.Number, metrics.Newest.Number) + 1, now());
        ledger.OpenBranch(number, after, cause, reason, time, options.Writer);
        metrics.OpenBranch(number, after, cause, reason, time, options.Writer);
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

    private StepMetrics RowOf(StepMeasurement step)
    {
        var seconds = step.Elapsed.TotalSeconds;
        var rate = (step.Rollouts?.Tokens ?? options.TokensPerStep) / seconds;
        return new StepMetrics(
            step.Step, step.Loss, step.GradientNorm, step.LearningRate, step.Step * options.TokensPerStep, seconds, rate,
            100 * rate * options.FlopsPerToken / options.GemmRate)
        {
            LaneLoss = step.LaneLoss,
            EmbeddingNorm = step.EmbeddingNorm,
            BlockNorm = step.BlockNorm,
            UpdateNorm = step.UpdateNorm,
            Rollouts = step.Rollouts,
            Policy = step.Policy,
        };
    }
}

using ActorTrain.Actors.Metrics;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models;

namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>The metrics file of a simulated run: lines are only added, and a power cut takes the last ones that were not flushed.</summary>
internal sealed class SimulatedMetricsFiles(Fate fate) : IMetricsFiles
{
    // Without a measurement: later rows than that step are abandoned.
    private readonly List<(Measurement? Row, long Step)> lines = [];
    private readonly List<Measurement> rows = [];
    private int durable;
    private long lastStep;

    // Rows that a later life writes again, before it rewinds them again, may stand behind a gap until then.
    private long? gapAfter;

    public IReadOnlyList<StepMeasurement> Steps => gapAfter is { } step
        ? throw new InvariantException($"A step is missing behind step {step} in the metrics.")
        : [.. rows.OfType<StepMeasurement>()];

    /// <summary>The last step that a process finds there.</summary>
    public long WrittenStep => gapAfter ?? lastStep;

    public IReadOnlyList<EvaluationMeasurement> Evaluations => [.. rows.OfType<EvaluationMeasurement>()];

    // It may be told of rows that were rewound after it had said so: then it is told to rewind them again.
    public void Open(long afterStep) => Rewind(afterStep, "");

    public void Rewind(long afterStep, string reason)
    {
        durable = lines.Count;
        lines.Add((null, afterStep));
        Take(null, afterStep);
    }

    public void Append(Measurement measurement)
    {
        var isThere = measurement is StepMeasurement
            ? measurement.Step <= lastStep
            : rows.Exists(row => row is EvaluationMeasurement && row.Step == measurement.Step);
        if (isThere)
            return;
        lines.Add((measurement, measurement.Step));
        Take(measurement, measurement.Step);
    }

    public void Flush() => durable = lines.Count;

    public void CutPower()
    {
        var kept = fate.Random.Next(durable, lines.Count + 1);
        lines.RemoveRange(kept, lines.Count - kept);
        rows.Clear();
        (lastStep, gapAfter) = (0, null);
        foreach (var (row, step) in lines)
            Take(row, step);
    }

    public void Dispose()
    {
    }

    private void Take(Measurement? row, long step)
    {
        switch (row)
        {
            case null:
                rows.RemoveAll(later => later.Step > step);
                lastStep = Math.Min(lastStep, step);
                gapAfter = gapAfter < step ? gapAfter : null;
                return;
            case StepMeasurement:
                gapAfter ??= step == lastStep + 1 ? null : lastStep;
                lastStep = step;
                break;
        }

        rows.Add(row);
    }
}

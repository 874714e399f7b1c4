using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Recovery;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Run;

/// <summary>Sends measurements to the metrics publisher.</summary>
/// <param name="capacity">Measurements that may wait for it.</param>
/// <param name="end">Notified when the publisher is lost.</param>
/// <param name="decisions">Must be durable before rows are rewound.</param>
internal sealed class MetricsStream(MetricsOutbox outbox, int capacity, RunOutput output, RunEnd end, Decisions decisions)
{
    /// <summary>Why the files are cut back on resume; every other cut has a decision as its reason.</summary>
    internal const string Resumed = "Run resumed.";

    private long flushedTo = -1;

    public long Last => outbox.Last;

    public long WrittenStep => outbox.WrittenStep;

    public IEnumerable<MetricsItem> Waiting => outbox.Waiting;

    public int WaitingCount => outbox.Count;

    /// <summary>The number of the last rewind of this life; 0 for the rewind to where it began.</summary>
    public long LastRewind { get; private set; }

    /// <summary>The last one; null before the first of this life.</summary>
    public EvaluationMeasurement? LastEvaluation { get; private set; }

    /// <summary>Whether no step may begin until more rows are written.</summary>
    public bool HoldsUp => outbox.Count >= capacity;

    /// <summary>Whether rows up to a number survive a power cut, or never will.</summary>
    public bool IsSettled(long number) => outbox.Durable >= number || end.IsLost(ActorRole.Metrics);

    /// <summary>Adds what an earlier life could not write; rewinds what is later than the state to continue from.</summary>
    public void Inherit(IReadOnlyList<MetricsItem> unwritten, RunProgress progress)
    {
        foreach (var item in unwritten)
            outbox.Add(WithRate(item), decisions.Last);
        if ((unwritten.Count > 0 ? unwritten[^1].Step : WrittenStep) > progress.Step)
            outbox.Add(new MetricsItem(null, progress.Step) { Reason = Resumed }, decisions.Last);
        LastRewind = outbox.Waiting.Any(static item => item.Measurement is null) ? outbox.Last : 0;

        // Measurements of older versions lack the learning rate.
        MetricsItem WithRate(MetricsItem item) => item.Measurement is StepMeasurement { LearningRate: 0 } old
            ? item with { Measurement = old with { LearningRate = progress.Schedule.At(old.Step - 1) * progress.Overrides.RateFactor } }
            : item;
    }

    public void Add(MetricsItem item)
    {
        if (item.Measurement is null or EvaluationMeasurement)
            LastEvaluation = item.Measurement as EvaluationMeasurement;
        if (outbox.Add(item, decisions.Last) is { } command)
            output.Do(new ToMetrics(command));
        if (item.Measurement is null)
            LastRewind = outbox.Last;
    }

    public void Flush(long number)
    {
        flushedTo = Math.Max(flushedTo, number);
        if (!IsSettled(number))
            output.Do(new ToMetrics(new FlushMetrics(number)));
    }

    /// <summary>Sends what waited for a decision that is now durable.</summary>
    public void FollowDecisions()
    {
        if (outbox.NoteDecided(decisions.Durable))
            Repeat();
    }

    public void Repeat()
    {
        foreach (var command in outbox.Sendable)
            output.Do(new ToMetrics(command));
        if (outbox.Durable < flushedTo)
            output.Do(new ToMetrics(new FlushMetrics(flushedTo)));
    }

    public void Handle(MetricsReport report, long step)
    {
        switch (report)
        {
            case PublisherStarted started:
                if (outbox.Meet(started) is not (var start, var isNew))
                    break;
                output.Do(new ToMetrics(start));
                if (isNew)
                    Repeat();
                break;
            case Published published:
                outbox.Handle(published);
                break;
            case MetricsDurable durable:
                outbox.Handle(durable);
                break;
            case MetricsFailed failed:
                end.Fail($"The run was saved and stopped after step {step} because that step's metrics could not be "
                    + $"written: {failed.Reason}");
                end.NoteLost(ActorRole.Metrics);
                break;
        }
    }
}

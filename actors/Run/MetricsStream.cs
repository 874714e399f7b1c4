using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Recovery;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Run;

/// <summary>What was measured, on its way to the publisher of metrics.</summary>
/// <param name="capacity">Measurements that may wait for it.</param>
/// <param name="end">Told where the publisher is lost.</param>
/// <param name="decisions">What must be durable before rows are rewound.</param>
internal sealed class MetricsStream(MetricsOutbox outbox, int capacity, RunOutput output, RunEnd end, Decisions decisions)
{
    /// <summary>Why the files are cut to where the run resumes; every other reason is a decision.</summary>
    internal const string Resumed = "Run resumed.";

    private long flushedTo;

    public long Last => outbox.Last;

    /// <summary>The step of the last measurement in the file.</summary>
    public long WrittenStep => outbox.WrittenStep;

    public IEnumerable<MetricsItem> Waiting => outbox.Waiting;

    public int WaitingCount => outbox.Count;

    /// <summary>Whether no step may be begun until more are written.</summary>
    public bool HoldsUp => outbox.Count >= capacity;

    /// <summary>Whether rows up to a number survive a power cut, or never will.</summary>
    public bool IsSettled(long number) => outbox.Durable >= number || end.IsLost(ActorRole.Metrics);

    /// <summary>Adds what a life before could not write; what of it is later than the state to continue from is rewound.</summary>
    public void Inherit(IReadOnlyList<MetricsItem> unwritten, RunProgress progress)
    {
        foreach (var item in unwritten)
            outbox.Add(WithRate(item), decisions.Last);
        if ((unwritten.Count > 0 ? unwritten[^1].Step : WrittenStep) > progress.Step)
            outbox.Add(new MetricsItem(null, progress.Step) { Reason = Resumed }, decisions.Last);

        // A measurement that an older program left does not say its rate.
        MetricsItem WithRate(MetricsItem item) => item.Measurement is StepMeasurement { LearningRate: 0 } old
            ? item with { Measurement = old with { LearningRate = progress.Schedule.At(old.Step - 1) * progress.Overrides.RateFactor } }
            : item;
    }

    public void Add(MetricsItem item)
    {
        if (outbox.Add(item, decisions.Last) is { } command)
            output.Do(new ToMetrics(command));
    }

    /// <summary>Asks for rows up to a number to be made durable.</summary>
    public void Flush(long number)
    {
        flushedTo = number;
        if (!IsSettled(number))
            output.Do(new ToMetrics(new FlushMetrics(number)));
    }

    /// <summary>Sends what waited for a decision that has become durable.</summary>
    public void FollowDecisions()
    {
        if (outbox.NoteDecided(decisions.Durable))
            Repeat();
    }

    /// <summary>Sends what is owed again.</summary>
    public void Repeat()
    {
        foreach (var command in outbox.Sendable)
            output.Do(new ToMetrics(command));
        if (outbox.Durable < flushedTo)
            output.Do(new ToMetrics(new FlushMetrics(flushedTo)));
    }

    /// <summary>Handles what the publisher reports.</summary>
    /// <param name="step">Updates so far.</param>
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

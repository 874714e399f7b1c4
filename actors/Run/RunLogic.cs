using ActorTrain.Actors.Checkpoints;
using ActorTrain.Actors.Journal;
using ActorTrain.Actors.Metrics;
using ActorTrain.Actors.Reduction;
using ActorTrain.Actors.Spikes;
using ActorTrain.Actors.Training;
using ActorTrain.Data.Plan;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Run;

/// <summary>The decisions of a run: who computes which lanes, when a step is committed, who takes over from whom, what is saved.</summary>
/// <remarks>It has no clock, thread, disk or actor in it: inputs and the time go in, effects come out, and the same inputs always give the same
/// effects. Any message may be lost, repeated, delayed or overtaken: what is not answered is asked again, and what is answered twice counts once.
/// A step's weights never depend on what happens here, only the time it takes.</remarks>
public sealed partial class RunLogic
{
    /// <summary>Name of the actor that writes checkpoints.</summary>
    public const string CheckpointActor = "checkpointer";

    /// <summary>Name of the actor that writes metrics.</summary>
    public const string MetricsActor = "metrics";

    /// <summary>Name of the actor that writes down what the time goes into.</summary>
    public const string GoodputActor = "goodput";

    /// <summary>Name of the actor that judges steps.</summary>
    public const string DetectorActor = "spikes";

    /// <summary>Name of the actor that keeps the journal.</summary>
    public const string JournalActor = "journal";

    private readonly RunLogicOptions options;
    private readonly BatchPlan plan;
    private readonly List<RunOrigin> origins = [RunOrigin.Seed];
    private readonly SnapshotSlots slots;
    private readonly SortedDictionary<int, TrainerEntry> trainers = [];
    private readonly Dictionary<string, (int Count, string Reason)> faults = [];
    private readonly DecisionOutbox journal;
    private readonly long firstRound;
    private readonly string? formerEnd;
    private readonly MetricsOutbox metrics;
    private readonly CheckpointSchedule checkpointing;
    private readonly TimeAccount time = new();
    private List<RunEffect> effects = [];
    private DateTimeOffset now;
    private long step;

    // Updates in all, extensions included.
    private long lastStep;
    private long generation;
    private long lastRound;
    private int wanted;
    private Course course;
    private RoundState? round;
    private DateTimeOffset? wakeAt;
    private bool ended;

    /// <summary>Makes the decisions of a run that has not begun.</summary>
    /// <param name="options">What they depend on.</param>
    /// <param name="plan">Names the positions of a batch that is vetoed.</param>
    /// <param name="remains">What there is to begin from.</param>
    /// <param name="events">What the journal holds.</param>
    public RunLogic(RunLogicOptions options, BatchPlan plan, RunRemains remains, IReadOnlyList<RunEvent> events)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(remains);
        ArgumentNullException.ThrowIfNull(events);
        this.options = options;
        this.plan = plan;
        (reducersRetry, judgeRetry, saveRetry) = (new(options.RetryInterval), new(options.RetryInterval), new(options.RetryInterval));
        saveRetries = new SaveRetries(options.SaveRetry);
        var unwritten = remains.Unwritten;
        var decided = unwritten.After(events);
        var past = known = JournalState.Of(decided);
        interventions = new Interventions(past.Corrections);
        lastStep = Math.Max(options.Steps, past.Steps);
        quarantined.UnionWith(past.Quarantined);
        isPaused = past.IsPaused;

        // What was left by going back is not gone on from.
        history = CheckpointHistory.Of(decided);
        checkpointing = new CheckpointSchedule(options, decided);
        origins.AddRange(remains.Origins.Where(origin => origin.WeightsHash is not null && !history.IsVoid(origin)));
        var origin = Origin;
        slots = new SnapshotSlots(options.SnapshotSlots, remains.Held.Where(held => held.Course.Holds(interventions.All, held.Step)));
        (lastRound, generation, wanted) = (remains.LastRound, remains.Generation, remains.Trainers ?? options.Trainers);
        firstRound = lastRound + 1;
        Inherit(remains.Known, origin);
        formerEnd = remains.Trainers is null ? options.FormerEnd : null;
        journal = new DecisionOutbox(events.Count, options.JournalBuffer);
        (step, course) = slots.Newest is { } newest && newest.Step >= origin.Step ? (newest.Step, interventions.Ahead(newest.Course)) : (origin.Step, interventions.Ahead(origin.Course));
        savedStep = origin.WeightsHash is null ? null : origin.Step;

        // Some may have become durable without its being heard of.
        foreach (var decision in decided.Skip(events.Count))
            journal.Add(decision);
        metrics = new MetricsOutbox(unwritten.MetricsStep, journal.Durable);
        foreach (var item in unwritten.Measurements)
            metrics.Add(WithRate(item), journal.Last);
        if ((unwritten.Measurements.Count > 0 ? unwritten.Measurements[^1].Step : unwritten.MetricsStep) > step)
            metrics.Add(new MetricsItem(null, step) { Reason = "The run was resumed." }, journal.Last);
        isNew = !decided.OfType<RunStarted>().Any();
        recordedCheckpoint = decided.OfType<CheckpointCommitted>().LastOrDefault()?.Step;
    }

    /// <summary>Updates so far.</summary>
    public long TakenSteps => step;

    /// <summary>Trainers wanted at present.</summary>
    public int WantedTrainers => wanted;

    /// <summary>What the next supervisor in this process needs, should this one fail.</summary>
    public RunRemains Remains
    {
        get
        {
            var unwritten = new UnwrittenRecords(
                journal.Durable, [.. journal.Waiting],
                metrics.WrittenStep, [.. metrics.Waiting]);
            return new RunRemains([.. origins], [.. slots.Held], lastRound, generation, wanted, Known, unwritten);
        }
    }

    /// <summary>Begins, or goes on.</summary>
    /// <param name="at">The time.</param>
    public IReadOnlyList<RunEffect> Begin(DateTimeOffset at)
    {
        now = commitAt = at;
        checkpointing.Begin(at);
        effects = [];
        RepeatJournal();
        if (isNew)
            Record(new RunStarted(now, options.ConfigurationHash, options.Steps, options.Lanes, wanted));
        if (options.Extension is var (steps, by) && steps > lastStep)
            Extend(steps, interventions.EffectiveFrom(step, course), by);
        if (savedStep is { } saved && saved > (recordedCheckpoint ?? -1))
            Record(new CheckpointCommitted(now, Origin.Step, Origin.WeightsHash!));
        if (!isNew)
            Record(new RunResumed(now, step, slots.Newest?.Step == step ? StateKind.Snapshot : step == 0 ? StateKind.Seed : StateKind.Checkpoint, wanted) { FormerEnd = formerEnd });
        if (isPaused)
            Warn("paused by an operator; `actortrain resume` lets it go on.");
        Enlist();
        Advance();
        return Take();
    }

    /// <summary>Decides upon one input.</summary>
    /// <param name="input">What happened.</param>
    /// <param name="at">The time.</param>
    /// <returns>What is to be done, in order.</returns>
    public IReadOnlyList<RunEffect> Step(IRunInput input, DateTimeOffset at)
    {
        now = at;
        effects = [];

        // What comes after the end is recorded changes nothing any more; it only has to become durable.
        if (ended || (isEndRecorded && input is not (JournalReport or MetricsReport or Tick)))
        {
            if (input is OperatorWish late)
                Refuse(late, "The run is ending, so nothing was changed; try again when its process is gone.");
            return effects;
        }

        switch (input)
        {
            case TrainerReport report:
                Hear(report);
                break;
            case TrainerSupervisorReport report:
                Hear(report);
                break;
            case ReducerReport report:
                Hear(report);
                break;
            case SpikeReport report:
                Hear(report);
                break;
            case OperatorWish wish:
                Hear(wish);
                break;
            case CheckpointReport report:
                Hear(report);
                break;
            case MetricsReport report:
                Hear(report);
                break;
            case JournalReport report:
                Hear(report);
                break;
            case Tick:
                wakeAt = null;
                Remind();
                break;
            case StopRun stop:
                stopping ??= stop.Reason;
                break;
            case ScaleTrainers scale:
                Scale(scale.Trainers);
                break;
            case ActorFailed failed:
                Count(failed.Actor, failed.Reason);
                Record(new ActorRestarted(now, step, failed.Actor, failed.Reason));
                Warn($"{failed.Actor} failed and is restarted: {failed.Reason}");
                break;
            case ActorGivenUp given:
                failing ??= given.Report;
                lostActors.Add(given.Actor);
                break;
        }

        Advance();
        return Take();
    }

    /// <summary>How the run stands.</summary>
    public RunStatus Status() => new(
        step, lastStep, generation, Phase(), [.. trainers.Values.Select(static trainer => trainer.Status())], journal.Count,
        [.. faults.OrderBy(static fault => fault.Key, StringComparer.Ordinal).Select(static fault => (fault.Key, fault.Value.Count, fault.Value.Reason))])
    {
        Course = CourseStatus(),
    };

    private RunOrigin Origin => origins[^1];

    // Everything that can go on does. The order matters: what ends comes before what begins.
    private void Advance()
    {
        DistrustAbsent();
        FollowCorrections();
        Check();
        Judge();
        GiveStates();
        LookAround();
        Save();
        BeginRound();
        ShareOrphans();
        CloseRounds();
        Retire();
        End();
    }

    // A measurement that an older program left does not say its rate.
    private MetricsItem WithRate(MetricsItem item) => item.Measurement is StepMeasurement { LearningRate: 0 } old
        ? item with { Measurement = old with { LearningRate = Schedule.At(old.Step - 1) * course.RateFactor } }
        : item;

    private List<RunEffect> Take()
    {
        AnswerWishes();
        Attribute();
        // Nothing is due sooner than a retry interval from now, so a reminder before that will do.
        if (!ended && (wakeAt is null || wakeAt > now + options.RetryInterval))
        {
            var next = NextReminder();
            if (wakeAt is null || next < wakeAt)
                effects.Add(new WakeAt((wakeAt = next).Value));
        }

        return effects;
    }

    private string Phase() => ended ? "ended"
        : failing is not null ? "failing"
        : stopping is not null ? "stopping"
        : IsPaused ? (journal.HoldsUp ? "paused: the database is away" : "paused: the metrics file is slow")
        : isPaused ? "paused by an operator"
        : step >= lastStep ? "finishing"
        : !trainers.Values.Any(static trainer => trainer.IsMember) ? "waiting for a trainer"
        : round is { LanesAreDone: true } ? "reducing"
        : "training";

    private void Do(RunEffect effect) => effects.Add(effect);

    private void Warn(string sentence) => effects.Add(new Say(sentence, IsWarning: true));

    private void Record(RunEvent decision)
    {
        known = known.Apply(decision);
        time.Note(decision, step, left => trainers.Values.Any(trainer => trainer.Key?.ToString() == left));
        history = history.Apply(decision);
        checkpointing.Note(decision);
        Do(new ToJournal(journal.Add(decision)));
    }

    private void Count(string actor, string reason) => faults[actor] = (faults.GetValueOrDefault(actor).Count + 1, reason);
}

using ActorTrain.Actors.Checkpoints;
using ActorTrain.Models;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Run;

/// <summary>When a checkpoint is due: at a fixed interval, or at one chosen from the measured cost of a save and the rate of
/// failures.</summary>
internal sealed class CheckpointSchedule
{
    private const int MeasuredSteps = 32;
    private const int MeasuredSaves = 8;

    private readonly RunLogicOptions options;
    private readonly DurationWindow stalls = new(MeasuredSaves);
    private readonly DurationWindow writes = new(MeasuredSaves);
    private readonly DurationWindow stepTimes = new(MeasuredSteps);
    private (long Step, DateTimeOffset At)? boundary;
    private FailureRecord failures;

    // The step at which the last save began.
    private long begunStep;
    private DateTimeOffset begunAt;
    private bool isChosen;

    public CheckpointSchedule(RunLogicOptions options, IReadOnlyList<RunEvent> decided)
    {
        this.options = options;
        failures = FailureRecord.Of(decided);
        if (options.SaveInterval is not { } bounds)
            return;
        var chosen = decided.OfType<SaveIntervalChosen>().LastOrDefault()?.Every;
        (Every, isChosen) = (Math.Clamp(chosen ?? bounds.Least, bounds.Least, bounds.Most), chosen is not null);
    }

    public long Every { get; private set; }

    private RolloutSchedule Rollouts => options.Rollouts ?? RolloutSchedule.OnPolicy;

    public void Begin(DateTimeOffset now) => begunAt = now;

    /// <summary>Whether another process can go on from the state of a step alone.</summary>
    public bool CanResumeAt(long step) => Rollouts.IsRestart(step);

    /// <summary>The last step up to <paramref name="step"/> at which another process can go on.</summary>
    public long ResumableUntil(long step) => Rollouts.RestartBefore(step);

    public void Note(RunEvent decision) => failures = failures.Apply(decision);

    public void NoteBoundary(long step, long? saved, DateTimeOffset now)
    {
        if (boundary is { } last && last.Step == step - 1)
            stepTimes.Add(now - last.At);
        begunStep = Math.Min(boundary is null ? saved ?? 0 : begunStep, step);
        boundary = (step, now);
    }

    public bool IsDue(long step, DateTimeOffset now)
    {
        if (step < begunStep)
            throw new InvariantException($"The checkpoint at step {begunStep} was started, but the run is at step {step}.");

        return CanResumeAt(step)
            && ((options.SaveInterval is null ? options.CheckpointEvery > 0 && Rollouts.Passes(step, options.CheckpointEvery)
                : step - begunStep >= Every)
            || (options.CheckpointPeriod > TimeSpan.Zero && now - begunAt >= options.CheckpointPeriod));
    }

    public void NoteBegun(long step, DateTimeOffset now) => (begunStep, begunAt) = (step, now);

    /// <summary>Records how long training stood still while a state was copied.</summary>
    public void NoteStall(TimeSpan time) => stalls.Add(time);

    /// <returns>The new interval and its reasons; null if it is unchanged.</returns>
    public SaveIntervalChoice? NoteWritten(TimeSpan time, DateTimeOffset now)
    {
        writes.Add(time);
        if (options.SaveInterval is not { } bounds || stalls.Median is not { } stall || writes.Median is not { } write
            || stepTimes.Median is not { } stepTime)
            return null;
        var choice = SaveInterval.Choose(new SaveCost(stall, write, stepTime), failures.Until(now), bounds);
        if (choice.Every < bounds.Least || choice.Every > bounds.Most)
            throw new InvariantException($"The chosen interval of {choice.Every} steps is not between {bounds.Least} and {bounds.Most}.");

        // Smaller differences are measurement noise.
        if (isChosen && choice.Every * 4 <= Every * 5 && Every * 4 <= choice.Every * 5)
            return null;
        (Every, isChosen) = (choice.Every, true);
        return choice;
    }
}

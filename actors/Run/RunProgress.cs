using ActorTrain.Data.Plan;
using ActorTrain.Models;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Run;

/// <summary>How far a run is: the updates so far, and what decides the next.</summary>
internal sealed class RunProgress
{
    private readonly LearningRateSchedule schedule;
    private readonly BatchPlan plan;
    private long boundary = -1;

    /// <param name="schedule">Learning rate by step, as the run was started.</param>
    /// <param name="step">Updates so far.</param>
    /// <param name="lastStep">Updates in all, extensions included.</param>
    /// <param name="kept">The overrides of the state at that step.</param>
    public RunProgress(LearningRateSchedule schedule, BatchPlan plan, Interventions interventions, long step, long lastStep,
        RunOverrides kept)
    {
        (this.schedule, this.plan, Interventions, Step, LastStep) = (schedule, plan, interventions, step, lastStep);
        Overrides = interventions.Ahead(kept);
    }

    /// <summary>Updates so far.</summary>
    public long Step { get; private set; }

    /// <summary>Updates in all, extensions included.</summary>
    public long LastStep { get; private set; }

    /// <summary>What decides, beside the weights and the configuration, what the next steps do.</summary>
    public RunOverrides Overrides { get; private set; }

    /// <summary>What was decided to change.</summary>
    public Interventions Interventions { get; }

    /// <summary>How often this step was vetoed in a row.</summary>
    public int Vetoes { get; private set; }

    /// <summary>When the last update was made.</summary>
    public DateTimeOffset UpdatedAt { get; private set; }

    /// <summary>Whether all updates are made.</summary>
    public bool IsComplete => Step >= LastStep;

    /// <summary>Whether the next update is the last.</summary>
    public bool IsLastStep => Step == LastStep - 1;

    /// <summary>Learning rate by step, with the extensions in force.</summary>
    public LearningRateSchedule Schedule => Overrides.Extended(schedule);

    /// <summary>Whether a step has been reached at which the run has not looked around yet. It is asked once a step.</summary>
    public bool TakeBoundary()
    {
        if (boundary == Step)
            return false;
        boundary = Step;
        return true;
    }

    /// <summary>The run begins, or continues.</summary>
    public void Begin(DateTimeOffset now) => UpdatedAt = now;

    /// <param name="spikes">What the rules for spikes remember with it.</param>
    /// <returns>The time since the one before.</returns>
    public TimeSpan NoteUpdate(SpikeMemory spikes, DateTimeOffset now)
    {
        if (Step >= LastStep)
            throw new InvariantException($"Step {Step} is beyond the last step, {LastStep}.");
        var elapsed = now - UpdatedAt;
        (Step, Vetoes, UpdatedAt) = (Step + 1, 0, now);
        Overrides = Overrides with { Spikes = spikes };
        return elapsed;
    }

    /// <summary>The batch of this step is skipped, and the next one taken instead.</summary>
    /// <param name="spikes">What the rules for spikes remember without it.</param>
    /// <param name="window">Steps for which the veto is remembered.</param>
    /// <returns>The positions of the sample stream that are skipped.</returns>
    public IReadOnlyList<SkippedRange> Veto(string reason, SpikeMemory spikes, long window)
    {
        List<SkippedRange> positions =
            [.. plan.Samples(Step, Overrides.Skips).Select(sample => new SkippedRange(sample.Position, 1, reason))];
        Overrides = Overrides with
        {
            Skips = Overrides.Skips.Joined(positions),
            Vetoes = Overrides.Vetoes.RemoveAll(earlier => earlier <= Step - window).Add(Step),
            Spikes = spikes,
        };
        Vetoes++;
        return positions;
    }

    /// <summary>An intervention is decided. One for a later step is known at once, and in force from its step on.</summary>
    public void Note(Intervention intervention)
    {
        Interventions.Add(intervention);
        LastStep = Math.Max(LastStep, intervention.Steps ?? 0);
    }

    /// <summary>Makes all skips of this step and later ones known.</summary>
    public void LookAhead() => Overrides = Interventions.Ahead(Overrides);

    /// <summary>An intervention comes into force.</summary>
    public void Follow(Intervention intervention)
    {
        if (intervention.From != Step)
            throw new InvariantException($"An intervention for step {intervention.From} cannot take effect at step {Step}.");
        Overrides = Overrides.With(intervention);
    }

    /// <summary>Later steps are taken again.</summary>
    /// <param name="step">Updates that the state has seen.</param>
    public void ReturnTo(long step, RunOverrides kept, DateTimeOffset now)
    {
        if (step > Step)
            throw new InvariantException($"A run at step {Step} cannot roll back to step {step}.");
        (Step, Overrides, Vetoes, UpdatedAt, boundary) = (step, Interventions.Ahead(kept), 0, now, -1);
    }

    /// <summary>The batches of some steps, as the plan has them now, with whatever lies between them.</summary>
    public SkippedRange Batches(long from, long count, string reason)
    {
        var first = Overrides.Skips.PositionOf(from * plan.BatchSize);
        var last = Overrides.Skips.PositionOf(((from + count) * plan.BatchSize) - 1);
        return new SkippedRange(first, last - first + 1, reason);
    }
}

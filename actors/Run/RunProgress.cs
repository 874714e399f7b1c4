using ActorTrain.Data.Plan;
using ActorTrain.Models;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Run;

/// <summary>How far a run is: its updates so far, and what determines the next.</summary>
internal sealed class RunProgress
{
    private readonly LearningRateSchedule schedule;
    private readonly BatchPlan plan;
    private long boundary = -1;

    /// <param name="schedule">Learning rate by step, without extensions.</param>
    /// <param name="step">Updates so far.</param>
    /// <param name="lastStep">Updates in all, extensions included.</param>
    /// <param name="kept">The overrides of the state at that step.</param>
    public RunProgress(LearningRateSchedule schedule, BatchPlan plan, Interventions interventions, long step, long lastStep,
        RunOverrides kept)
    {
        (this.schedule, this.plan, Interventions, Step, LastStep) = (schedule, plan, interventions, step, lastStep);
        Overrides = interventions.Ahead(kept);
    }

    public long Step { get; private set; }

    public long LastStep { get; private set; }

    /// <summary>What determines the next steps besides weights and configuration.</summary>
    public RunOverrides Overrides { get; private set; }

    public Interventions Interventions { get; }

    public int Vetoes { get; private set; }

    public DateTimeOffset UpdatedAt { get; private set; }

    public bool IsComplete => Step >= LastStep;

    public bool IsLastStep => Step == LastStep - 1;

    public LearningRateSchedule Schedule => Overrides.Extended(schedule);

    /// <summary>True once per step: whether a step was reached that has not been examined for evaluation, save and copy.</summary>
    public bool TakeBoundary()
    {
        if (boundary == Step)
            return false;
        boundary = Step;
        return true;
    }

    public void Begin(DateTimeOffset now) => UpdatedAt = now;

    /// <param name="overrides">After this update.</param>
    public void NoteUpdate(RunOverrides overrides, DateTimeOffset now)
    {
        if (Step >= LastStep)
            throw new InvariantException($"Step {Step} is beyond the last step, {LastStep}.");
        (Step, Vetoes, UpdatedAt, Overrides) = (Step + 1, 0, now, overrides);
    }

    /// <summary>Skips this step's batch and takes the next one.</summary>
    /// <param name="spikes">Memory of the spike rules without it.</param>
    /// <param name="window">Steps for which the veto is remembered.</param>
    /// <returns>The skipped positions of the sample stream.</returns>
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

    /// <summary>Records an intervention. One for a later step is known at once, but in force only from its step on.</summary>
    public void Note(Intervention intervention)
    {
        Interventions.Add(intervention);
        LastStep = Math.Max(LastStep, intervention.Steps ?? 0);
    }

    /// <summary>Makes all skips of this and later steps known.</summary>
    public void LookAhead() => Overrides = Interventions.Ahead(Overrides);

    public void Follow(Intervention intervention)
    {
        if (intervention.From != Step)
            throw new InvariantException($"An intervention for step {intervention.From} cannot take effect at step {Step}.");
        Overrides = Overrides.With(intervention);
    }

    /// <summary>Rolls back.</summary>
    /// <param name="step">Updates that the state has seen.</param>
    public void ReturnTo(long step, RunOverrides kept, DateTimeOffset now)
    {
        if (step > Step)
            throw new InvariantException($"A run at step {Step} cannot roll back to step {step}.");
        (Step, Overrides, Vetoes, UpdatedAt, boundary) = (step, Interventions.Ahead(kept), 0, now, -1);
    }

    /// <summary>The batches of some steps under the current plan, including the positions between them.</summary>
    public SkippedRange Batches(long from, long count, string reason)
    {
        var (first, last) = plan.Span(from, from + count, Overrides.Skips);
        return new SkippedRange(first, last - first + 1, reason);
    }
}
